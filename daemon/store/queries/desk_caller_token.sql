-- Who calls with a token. $1 text its hash.
-- No row or: staff_id int8, role text, login text, disabled bool, auth text, fresh bool, must_set_password bool, must_set_up_totp bool,
-- scope text or null, stale bool (when it was last seen is to be noted).
select s.staff_id::int8, s.role, s.login, s.disabled_at is not null, 'token', false, false, false, t.scope,
	t.used_at is null or t.used_at < answerd.now() - interval '1 min'
from answerd.staff_token t join answerd.staff s using (staff_id)
where t.hash = $1::text and answerd.is_open(t)
