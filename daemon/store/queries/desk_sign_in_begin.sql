-- $1 text login, $2 text address. One row: wait_s int8, try int8, staff_id int8 or null, password text or null, totp text or null,
-- now int8.
select o_wait_s, o_try, o_staff, o_password, o_totp, o_now from answerd.sign_in_begin($1::text, $2::text)
