-- $1 int8 actor, $2 text brand or null, $3 text act or null, $4 text login or null, $5 int8 after or null, $6 int8 limit or null. One row: JSON text.
select translate(answerd.audit_list($2::text, $3::text, $4::text, $5::int8, coalesce($6::int8, 50)::int)::text, E'\n', '') where $1::int8 is not null
