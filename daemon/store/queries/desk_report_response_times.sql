-- $1 int8 actor, $2 timestamptz from, $3 timestamptz to, $4 text by, $5 text brand, $6 text format, $7 bool may staff be told apart.
-- One row: JSON or CSV text; text the file's name, null for JSON.
select a.o_body, a.o_file from answerd.report_answer(answerd.report_response_times($2::timestamptz, $3::timestamptz, $4::text, $5::text, $7::bool),
	'response-times', '{key,brand,platform,count,open,first.count,first.p50_s,first.p90_s,first.p99_s,first.office_p50_s,first.office_p90_s,first.office_p99_s,next.count,next.p50_s,next.p90_s,next.p99_s,next.office_p50_s,next.office_p90_s,next.office_p99_s,within.kept,within.broken,within.share}',
	$6::text) a where $1::int8 is not null
