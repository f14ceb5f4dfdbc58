-- $1 int8 brand_id, $2 int8 reply_id, $3 int8 sender, $4 text failure or null. One row, nothing in it.
select answerd.filing_over($1::int8::int, $2::int8, $3::int8::int, $4::text)::text
