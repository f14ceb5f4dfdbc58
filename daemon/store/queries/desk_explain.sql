-- $1 int8 actor, $2 text conversation. One row: JSON text.
select translate(answerd.explain_conversation($2::text)::text, E'\n', '') where $1::int8 is not null
