-- $1 int8 actor, $2 text after. One row: JSON text.
select answerd.verify($2::text)::text where $1::int8 is not null
