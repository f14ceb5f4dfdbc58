-- $1 int8 actor, $2 timestamptz from, $3 timestamptz to, $4 text brand. One row: JSON text.
select translate(answerd.timeline($2::timestamptz, $3::timestamptz, $4::text)::text, E'\n', '') where $1::int8 is not null
