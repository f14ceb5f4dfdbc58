-- $1 int8 actor. One row: JSON text.
select answerd.queue_counts($1::int8)::text
