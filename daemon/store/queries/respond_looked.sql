-- $1 int8 brand_id, $2 int8 reply_id, $3 int8 sender, $4 text external id or null, $5 text permalink or null, $6 text failure or null.
-- One row: the reply's state, text.
select answerd.reply_looked($1::int8::int, $2::int8, $3::int8::int, $4::text, $5::text, $6::text)
