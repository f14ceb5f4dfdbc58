-- $1 int8 actor, $2 bool open, $3 text after, $4 int8 limit. One row: JSON text.
select answerd.notes_mine($1::int8, $2::bool, $3::text, $4::int8)::text
