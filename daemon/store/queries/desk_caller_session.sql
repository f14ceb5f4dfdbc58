-- Who calls with a session. $1 text hash of its key, $2 text roles that need a second factor.
-- No row or: staff_id int8, role text, login text, disabled bool, auth text, fresh bool, must_set_password bool, must_set_up_totp bool,
-- scope text or null, stale bool (when it was last seen is to be noted).
select s.staff_id::int8, s.role, s.login, s.disabled_at is not null, x.auth,
	coalesce(x.fresh_at > answerd.now() - answerd.session_fresh(), false), x.must_set_password,
	s.role = any (string_to_array($2::text, ',')) and x.auth <> 'oidc'
		and not exists (select from answerd.staff_secret k where k.staff_id = s.staff_id and k.totp is not null), null::text,
	x.seen_at < answerd.now() - interval '1 min'
from answerd.staff_session x join answerd.staff s using (staff_id)
where x.hash = $1::text and answerd.is_open(x)
