-- $1 int8 actor, $2 text key, $3 text request, $4 text conversation, $5 text who, $6 int8 lease in seconds, $7 int8 version, $8 text reason.
-- One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.give($4::text, $1::int8, $5::text, $6::int8 * interval '1 s', $7::int8::int, $8::text)))
