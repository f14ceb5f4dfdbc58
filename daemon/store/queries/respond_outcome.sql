-- $1 int8 brand_id, $2 int8 reply_id, $3 int8 attempt_id, $4 text outcome, $5 text external id or null, $6 text permalink or null,
-- $7 text reason or null, $8 int8 not before in µs or null, $9 bool: posted, and a copy is to be filed. One row: the reply's state, text.
select answerd.reply_outcome($1::int8::int, $2::int8, $3::int8, $4::text, $5::text, $6::text, $7::text, $8::int8, $9::bool)
