-- $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch, $4 text used, $5 int8 limit (0: unknown), $6 int8 left, $7 int8 reset_us, $8 int8 after_us.
select answerd.budget($1::int8::int, $2::int8::int, $3::int8, $4::text, $5::int8::int, $6::int8::int, $7::int8, $8::int8)
