-- $1 int8 actor, $2 text key, $3 text request, $4 text reply, $5 bool no, $6 text note. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.reply_approve($4::text, $1::int8, not coalesce($5::bool, false), $6::text)))
