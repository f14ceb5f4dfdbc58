-- $1 int8 actor, $2 text hash of the session's key, $3 text secret in hex, $4 int8 step of the code, $5 text[] hashes of recovery codes.
-- One row: JSON text or null.
select answerd.totp_confirm($1::int8, $2::text, $3::text, $4::int8, $5::text[])::text
