-- $1 int8 actor, $2 timestamptz from, $3 timestamptz to, $4 text by, $5 text brand, $6 text format.
-- One row: JSON or CSV text; text the file's name, null for JSON.
select a.o_body, a.o_file from answerd.report_answer(answerd.report_talk_listen($2::timestamptz, $3::timestamptz, $4::text, $5::text),
	'talk-listen', '{key,brand,platform,heard_to_us,overheard,replies,broadcasts,replies_per_broadcast,listened_percent}', $6::text) a where $1::int8 is not null
