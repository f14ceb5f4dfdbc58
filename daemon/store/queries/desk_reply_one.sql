-- $1 int8 actor, $2 text reply. One row: JSON text.
select answerd.reply_shown($2::text)::text where $1::int8 is not null
