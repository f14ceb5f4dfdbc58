-- $1 int8 actor, $2 text key, $3 text request, $4 text ids, one a line, $5 text act, $6 text who, $7 text reason, $8 text tag, $9 text for,
-- $10 int8 lease in seconds. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text), answerd.remembered($2::text, $1::int8, $3::text,
	answerd.bulk($1::int8, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text, $10::int8 * interval '1 s')))
