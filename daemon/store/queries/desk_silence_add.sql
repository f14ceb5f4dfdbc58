-- $1 int8 actor, $2 text key, $3 text request, $4 text for, $5 text reason, $6 text brand, $7 text account, $8 text channel,
-- $9 text policy. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.silence_add($1::int8, $6::text, $7::text, $8::text, $9::text, $4::text, $5::text)))
