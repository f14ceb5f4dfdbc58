-- $1 int8 actor. One row: JSON text.
select answerd.saved_views($1::int8)::text
