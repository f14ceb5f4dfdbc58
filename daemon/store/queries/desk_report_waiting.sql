-- $1 int8 actor, $2 timestamptz from, $3 timestamptz to, $4 text brand, $5 text format.
-- One row: JSON or CSV text; text the file's name, null for JSON.
select a.o_body, a.o_file from answerd.report_answer(answerd.report_waiting($2::timestamptz, $3::timestamptz, $4::text),
	'waiting', '{at,waiting,oldest_s,began,answered,dismissed,deleted}', $5::text) a where $1::int8 is not null
