-- $1 text hash of a link, $2 int8 step of the code or null, $3 text hash of a recovery code or null, $4 text hash of the new session's key,
-- $5 int8 try or 0, $6 text address, $7 text roles that need a second factor. One row: JSON text or null.
select answerd.link_done($1::text, $2::int8, $3::text, $4::text, $5::int8, $6::text, $7::text)::text
