-- $1 int8 actor, $2 text after, $3 int8 limit. One row: JSON text.
select translate(answerd.list_quarantine($2::text, $3::int8)::text, E'\n', '') where $1::int8 is not null
