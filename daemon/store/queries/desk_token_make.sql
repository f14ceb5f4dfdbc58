-- $1 int8 actor, $2 text key, $3 text request, $4 text name, $5 text scope, $6 int8 days, $7 text hash of the token. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.token_make($1::int8, $4::text, $5::text, $6::int8::int, $7::text)))
