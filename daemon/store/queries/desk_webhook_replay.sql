-- $1 int8 actor, $2 text key, $3 text request, $4 text name, $5 timestamptz from. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.webhook_replay($4::text, $5::timestamptz, $1::int8)))
