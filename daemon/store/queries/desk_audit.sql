-- $1 int8 actor, $2 text brand or null, $3 text act or null, $4 text login or null, $5 timestamptz from or null, $6 timestamptz to or null,
-- $7 int8 after or null, $8 int8 limit or null, $9 text format. One row: JSON or CSV text; text the file's name, null for JSON.
-- A file has as much as a spreadsheet takes in one go.
select a.o_body, a.o_file from answerd.report_answer(answerd.audit_page($2::text, $3::text, $4::text, $5::timestamptz, $6::timestamptz, $7::int8,
	case when $9::text = 'csv' then 100000 when $8::int8 between 1 and 500 then $8::int8 when $8::int8 is null then 50 else 500 end::int),
	'audit', '{seq,at,brand,login,actor,act,object,object_login,detail,hash}', $9::text) a where $1::int8 is not null
