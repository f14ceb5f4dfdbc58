-- $1 int8 actor, $2 text words, $3 text after, $4 int8 limit. One row: JSON text.
select answerd.search($2::text, $4::int8::int, $3::text)::text from (select $1::int8) x
