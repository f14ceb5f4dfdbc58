-- $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch, $4 text own_id, $5 own_handle, $6 own_name, $7 facts, $8 missing.
-- One row: 'ok', 'stale' or 'other'.
select answerd.identified($1::int8::int, $2::int8::int, $3::int8, $4::text, $5::text, $6::text, $7::text, $8::text)
