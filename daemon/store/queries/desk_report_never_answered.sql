-- $1 int8 actor, $2 timestamptz from, $3 timestamptz to, $4 text brand, $5 text format.
-- One row: JSON or CSV text; text the file's name, null for JSON.
select a.o_body, a.o_file from answerd.report_answer(answerd.report_never_answered($2::timestamptz, $3::timestamptz, $4::text),
	'never-answered', '{id,brand,account,platform,kind,nature,customer.name,customer.handle,messages,waiting_since,waiting_s,stop_at,snoozed_until,assignee}', $5::text) a
where $1::int8 is not null
