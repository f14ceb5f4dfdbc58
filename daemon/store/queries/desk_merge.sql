-- $1 int8 actor, $2 text key, $3 text request, $4 text conversation, $5 text with, $6 int8 version. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.merge($4::text, $5::text, $1::int8, $6::int8::int)))
