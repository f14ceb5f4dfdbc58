-- $1 int8 actor, $2 text key, $3 text request, $4 text name, $5 text query, $6 bool shared. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.saved_view_put($4::text, $5::text, $6::bool, $1::int8)))
