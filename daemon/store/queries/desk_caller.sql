-- $1 bool is it the built-in admin, $2 text user of this machine; or $3 text hash of a session's key; or $4 text hash of a token;
-- $5 text roles that need a second factor.
-- No row or: staff_id int8, role text, login text, disabled bool, auth text, fresh bool, must_set_password bool, must_set_up_totp bool,
-- scope text or null, stale bool (when it was last seen is to be noted).
select s.staff_id::int8, s.role, s.login, s.disabled_at is not null, 'os', true, false, false, null::text, false
from answerd.staff s
where $3::text is null and $4::text is null and case when $1::bool then s.login = 'admin' else s.os_user = $2::text end
union all
select s.staff_id::int8, s.role, s.login, s.disabled_at is not null, x.auth,
	coalesce(x.fresh_at > answerd.now() - answerd.session_fresh(), false), x.must_set_password,
	s.role = any (string_to_array($5::text, ',')) and x.auth <> 'oidc'
		and not exists (select from answerd.staff_secret k where k.staff_id = s.staff_id and k.totp is not null), null,
	x.seen_at < answerd.now() - interval '1 min'
from answerd.staff_session x join answerd.staff s using (staff_id)
where x.hash = $3::text and answerd.is_open(x)
union all
select s.staff_id::int8, s.role, s.login, s.disabled_at is not null, 'token', false, false, false, t.scope,
	t.used_at is null or t.used_at < answerd.now() - interval '1 min'
from answerd.staff_token t join answerd.staff s using (staff_id)
where t.hash = $4::text and $3::text is null and answerd.is_open(t)
