-- $1 int8 staff_id, $2 text the new password's hash, $3 text hash of the session's key, $4 text hash of its new one, $5 int8 try or null,
-- $6 text address, $7 text roles that need a second factor. One row: JSON text or null.
select answerd.password_set($1::int8, $2::text, $3::text, $4::text, $5::int8, $6::text, $7::text)::text
