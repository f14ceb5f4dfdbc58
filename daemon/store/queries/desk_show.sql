-- $1 int8 actor, $2 text conversation. One row: JSON text.
select answerd.show_conversation($2::text)::text where $1::int8 is not null
