-- It was not renewed. $1 int8 brand_id, $2 int8 account_id, $3 int8 claim, $4 bool is_unsure.
select answerd.session_release($1::int8::int, $2::int8::int, $3::int8, $4::bool)
