-- $1 int8 actor, $2 text by, $3 text brand, $4 text platform, $5 bool mine, $6 bool overdue, $7 bool all, $8 text after, $9 int8 limit.
-- One row: JSON text.
select translate(answerd.queue_list($1::int8, $2::text, $3::text, $4::text, $5::bool, $6::bool, $7::bool, $8::text, $9::int8)::text, E'\n', '')
