-- $1 int8 actor, $2 text customer, $3 int8 limit. One row: JSON text.
select translate(answerd.show_customer($2::text, $3::int8)::text, E'\n', '') where $1::int8 is not null
