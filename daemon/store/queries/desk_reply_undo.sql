-- $1 int8 actor, $2 text key, $3 text request, $4 text reply. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.reply_undo($4::text, $1::int8)))
