-- $1 int8 actor, $2 bool everybody's. One row: JSON text.
select answerd.token_list($1::int8, coalesce($2::bool, false))::text
