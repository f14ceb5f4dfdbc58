-- $1 int8 actor. One row: JSON text of a list that this version keeps empty.
select json_build_object('items', json_build_array(), 'next', null)::text where $1::int8 is not null
