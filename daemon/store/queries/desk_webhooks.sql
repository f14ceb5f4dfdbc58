-- $1 int8 actor. One row: JSON text.
select answerd.webhooks_list()::text where $1::int8 is not null
