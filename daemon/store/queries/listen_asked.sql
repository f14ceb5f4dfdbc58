-- $1 int8 brand_id, $2 int8 account_id, $3 int8 requests. One row, nothing in it.
select answerd.asked($1::int8::int, $2::int8::int, $3::int8)::text
