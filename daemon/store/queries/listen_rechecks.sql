-- $1 int8 brand_id, $2 int8 account_id, $3 int8 before_us or null, $4 text before_id, $5 int8 n. Rows: external_id, at_us.
select external_id, at_us from answerd.rechecks($1::int8::int, $2::int8::int, $3::int8, $4::text, $5::int8::int)
