-- $1 int8 actor, $2 text[] hashes of recovery codes. One row: JSON text.
select answerd.recovery_made($1::int8, $2::text[])::text
