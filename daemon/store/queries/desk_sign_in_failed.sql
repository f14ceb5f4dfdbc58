-- $1 int8 try, $2 int8 staff_id or null, $3 text address, $4 text what was wrong. One row: nothing.
select answerd.sign_in_failed($1::int8, $2::int8, $3::text, $4::text)
