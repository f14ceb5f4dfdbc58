-- $1 int8 actor. One row: JSON text.
select translate(json_build_object('items', coalesce(json_agg(answerd.staff_json(s) order by s.login), '[]'), 'next', null)::text, E'\n', '')
from answerd.staff s where $1::int8 is not null
