-- $1 int8 actor, $2 bool open, $3 text conversation, $4 text after, $5 int8 limit. One row: JSON text.
select answerd.replies_list($2::bool, $3::text, $4::text, $5::int8)::text where $1::int8 is not null
