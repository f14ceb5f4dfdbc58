-- $1 int8 actor, $2 text secret in hex. One row: JSON text.
select answerd.totp_begin($1::int8, $2::text)::text
