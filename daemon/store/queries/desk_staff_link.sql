-- $1 int8 actor, $2 text key, $3 text request, $4 text login, $5 bool forget the second factor, $6 text hash of the link. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.link_make($1::int8, $4::text, $6::text, coalesce($5::bool, false))))
