-- $1 int8 actor. One row: JSON text.
select translate(answerd.staff_list($1::int8)::text, E'\n', '')
