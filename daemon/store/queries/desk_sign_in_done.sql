-- $1 int8 try, $2 int8 staff_id, $3 text the password's hash that was right, $4 int8 step of the code or null, $5 text hash of a recovery
-- code or null, $6 text hash of the new session's key, $7 text hash of the key before or null, $8 text address,
-- $9 text roles that need a second factor. One row: JSON text or null.
select answerd.sign_in_done($1::int8, $2::int8, $3::text, $4::int8, $5::text, $6::text, $7::text, $8::text, $9::text)::text
