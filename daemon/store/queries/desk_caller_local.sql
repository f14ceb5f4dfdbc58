-- Who calls on the Unix socket. $1 bool is it the built-in admin, $2 text user of this machine.
-- No row or: staff_id int8, role text, login text, disabled bool, auth text, fresh bool, must_set_password bool, must_set_up_totp bool,
-- scope text or null, stale bool (when it was last seen is to be noted).
select s.staff_id::int8, s.role, s.login, s.disabled_at is not null, 'os', true, false, false, null::text, false
from answerd.staff s where case when $1::bool then s.login = 'admin' else s.os_user = $2::text end
