-- A person let us in. $1 int8 brand_id, $2 int8 account_id, $3 text sealed, $4 int8 until_us or null, $5 int8 token_until_us or null, $6 text own_id or
-- null, $7 text own_handle, $8 text own_name, $9 text facts or null, $10 text missing or null, $11 bool: also when it is another user than before.
-- Row: 'ok' or 'other'.
select answerd.connect_store($1::int8::int, $2::int8::int, $3::text, $4::int8, $5::int8, $6::text, $7::text, $8::text, $9::text, $10::text, $11::bool)
