-- $1 int8 actor, $2 text hash of the session's key or null, $3 text how the caller is known,
-- $4 text roles that need a second factor. One row: JSON text.
select answerd.session_json($1::int8, $2::text, $3::text, $4::text)::text
