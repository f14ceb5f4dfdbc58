-- A hole that cannot be read. $1 int8 brand_id, $2 int8 account_id, $3 int8 source_id, $4 int8 epoch, $5 int8 until_us, $6 text reason.
select answerd.gap_found($1::int8::int, $2::int8::int, $3::int8::int, $4::int8, $5::int8, $6::text)
