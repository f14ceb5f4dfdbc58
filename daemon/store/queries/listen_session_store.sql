-- A platform's session, sealed. $1 int8 brand_id, $2 int8 account_id, $3 int8 seq of the one that it was made of, $4 text sealed, $5 int8
-- until_us or null, $6 int8 token_until_us or null. Row: the new seq, or null: somebody stored a newer one.
select answerd.session_store($1::int8::int, $2::int8::int, $3::int8, $4::text, $5::int8, $6::int8)
