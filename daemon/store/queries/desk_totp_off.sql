-- $1 int8 actor, $2 text hash of the session's key. One row: JSON text.
select answerd.totp_off($1::int8, $2::text)::text
