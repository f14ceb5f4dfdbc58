-- $1 int8 actor, $2 text key, $3 text request, $4 text login, $5 text email. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.staff_email($1::int8, $4::text, $5::text)))
