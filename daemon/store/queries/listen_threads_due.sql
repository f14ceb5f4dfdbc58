-- $1 int8 brand_id, $2 int8 account_id, $3 int8 n. Rows: subject text, root text, is_wanted bool, due_us int8.
select subject, root, is_wanted, due_us from answerd.threads_due($1::int8::int, $2::int8::int, $3::int8::int)
