-- $1 int8 brand_id, $2 int8 account_id, $3 text subject, $4 text root or null.
select answerd.thread_read($1::int8::int, $2::int8::int, $3::text, $4::text)
