-- $1 int8 actor, $2 text key, $3 text request, $4 text view. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text),
	answerd.remembered($2::text, $1::int8, $3::text, answerd.saved_view_remove($4::text, $1::int8)))
