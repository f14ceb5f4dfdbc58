-- $1 int8 actor, $2 text after. One row: JSON text.
select translate(answerd.verify($2::text)::text, E'\n', '') where $1::int8 is not null
