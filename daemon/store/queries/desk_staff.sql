-- $1 int8 actor. One row: JSON text.
select translate(answerd.staff_list()::text, E'\n', '') where $1::int8 is not null
