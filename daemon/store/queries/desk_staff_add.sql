-- $1 int8 actor, $2 text key, $3 text request, $4 text login, $5 text name, $6 text role, $7 text user of this machine,
-- $8 bool a second person looks at their replies, $9 text hash of a sign-in link. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text,
		answerd.staff_added($1::int8, $4::text, $5::text, $6::text, $7::text, $8::bool, $9::text)))
