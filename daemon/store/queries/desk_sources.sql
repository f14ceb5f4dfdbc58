-- $1 int8 actor. One row: JSON text.
select answerd.list_sources()::text where $1::int8 is not null
