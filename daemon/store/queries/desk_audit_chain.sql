-- $1 int8 actor, $2 text brand or null, $3 int8 after or null. One row: JSON text.
select translate(answerd.audit_chain($2::text, $3::int8)::text, E'\n', '') where $1::int8 is not null
