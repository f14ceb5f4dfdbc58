-- $1 int8 actor. One row: JSON text.
select answerd.staff_json(s)::text from answerd.staff s where staff_id = $1::int8
