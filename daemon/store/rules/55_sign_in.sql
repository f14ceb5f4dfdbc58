-- Signing in (RELIABILITY S8, S10). The desk's process makes the keys, hashes passwords and reckons codes; here it is judged what they
-- open, and each is used up in the same statement. Keys come as their SHA-256; passwords as Argon2id's own text.

-- A mark of an address or a login: the same for the same, and nothing can be read out of it without this house's key.
create or replace function answerd.house_mark(p_what text) returns text language sql stable set search_path = pg_catalog as $$
	select left(encode(sha256(key || convert_to(p_what, 'UTF8')), 'hex'), 24) from answerd.desk_house
$$;

-- How long a session may be idle, and live at all; how long somebody counts as just having proved who they are.
create or replace function answerd.session_idle() returns interval language sql immutable as $$ select interval '30 min' $$;
create or replace function answerd.session_most() returns interval language sql immutable as $$ select interval '12 hours' $$;
create or replace function answerd.session_fresh() returns interval language sql immutable as $$ select interval '10 min' $$;

-- is_open(session), is_open(token): does it open anything now? Not wrapped (no SET): so that the planner sees through it.
create or replace function answerd.is_open(x answerd.staff_session) returns bool language sql stable as $$
	select x.made_at > answerd.now() - answerd.session_most() and x.seen_at > answerd.now() - answerd.session_idle()
$$;
create or replace function answerd.is_open(t answerd.staff_token) returns bool language sql stable as $$
	select t.revoked_at is null and t.until > answerd.now()
$$;

-- session_json(staff, hash, auth, require): who the caller is. Without a session (the kernel or a token says who) nothing ends. p_require:
-- the roles that need a second factor, "admin,lead".
create or replace function answerd.session_json(p_staff bigint, p_hash text, p_auth text, p_require text) returns json language sql stable
set search_path = pg_catalog as $$
	select json_build_object('id', s.staff_id::text, 'login', s.login, 'name', s.name, 'os_user', s.os_user, 'role', s.role,
		'needs_approval', s.needs_approval, 'disabled_at', answerd.rfc3339(s.disabled_at), 'created_at', answerd.rfc3339(s.created_at),
		'auth', coalesce(x.auth, p_auth), 'password', k.password is not null, 'must_set_password', coalesce(x.must_set_password, false),
		'totp', k.totp is not null, 'must_set_up_totp', x.hash is not null and x.auth <> 'oidc' and k.totp is null and s.role = any (string_to_array(p_require, ',')),
		'recovery_codes', (select count(*) from answerd.staff_recovery r where r.staff_id = s.staff_id),
		'signed_in_at', answerd.rfc3339(x.made_at), 'expires_at', answerd.rfc3339(x.made_at + answerd.session_most()),
		'idle_until', answerd.rfc3339(x.seen_at + answerd.session_idle()), 'fresh_until', answerd.rfc3339(x.fresh_at + answerd.session_fresh()))
	from answerd.staff s
	left join answerd.staff_secret k using (staff_id)
	left join answerd.staff_session x on x.hash = p_hash and x.staff_id = s.staff_id
	where s.staff_id = p_staff
$$;

-- sign_in_begin(login, address): may this be tried now (o_wait_s: not before), and what is it tried against? The try counts as a failure
-- until it is known to be none, so that many at once are no way around the limit: the 6th failure of one login and the 11th of one address
-- in a quarter of an hour must wait. Where the person signed in before only failures from there count: nobody can shut them out from afar.
drop function if exists answerd.sign_in_begin(text, text);
create or replace function answerd.sign_in_begin(p_login text, p_address text, out o_wait_s bigint, out o_try bigint, out o_staff bigint,
	out o_password text, out o_totp text, out o_now bigint) language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
	v_login text := answerd.house_mark('login ' || p_login);
	v_address text := answerd.house_mark('address ' || p_address);
	v_known bool;
	v_until timestamptz;
begin
	perform pg_advisory_xact_lock(1634628451, hashtext(v_login));
	perform pg_advisory_xact_lock(1634628452, hashtext(v_address));
	delete from answerd.sign_in_try where try_id in (select try_id from answerd.sign_in_try where at < v_now - interval '1 day'
		order by at limit 100 for update skip locked);
	select s.staff_id, k.password, k.totp into o_staff, o_password, o_totp
	from answerd.staff s left join answerd.staff_secret k using (staff_id) where s.login = p_login and s.disabled_at is null;
	o_now := answerd.us(v_now);
	v_known := exists (select from answerd.staff_address a where a.staff_id = o_staff and a.address = v_address
		and a.seen_at > v_now - interval '30 days');
	-- The fifth of the login's newest failures, and the tenth of the address's: the next is due a quarter of an hour after it.
	select max(x.at) + interval '15 min' into v_until from (
		(select t.at from answerd.sign_in_try t where t.login = v_login and t.at > v_now - interval '15 min'
			and (not v_known or t.address = v_address) order by t.at desc offset 4 limit 1)
		union all
		(select t.at from answerd.sign_in_try t where t.address = v_address and t.at > v_now - interval '15 min'
			order by t.at desc offset 9 limit 1)) x;
	o_wait_s := case when v_until is null then 0 else greatest(ceil(extract(epoch from v_until - v_now)), 1) end::bigint;
	if o_wait_s = 0 then
		insert into answerd.sign_in_try (at, login, address) values (v_now, v_login, v_address) returning try_id into o_try;
	end if;
end $$;

-- sign_in_failed(try, staff or null, address, what): it stays counted, and stands in the audit log; what was wrong: password, code.
create or replace function answerd.sign_in_failed(p_try bigint, p_staff bigint, p_address text, p_what text) returns void language sql volatile
set search_path = pg_catalog as $$
	select answerd.audited(0, coalesce('staff:' || p_staff, 'unknown'), 'sign_in_failed', coalesce('staff:' || p_staff, 'unknown'),
		jsonb_build_object('what', p_what, 'address', answerd.house_mark('address ' || p_address)))
$$;

-- session_made(staff, hash, auth, address, must_set, made): a new session. Sessions that are over go. must_set: a password, before anything
-- else. made: when the session that it continues was made; null: now.
create or replace function answerd.session_made(p_staff bigint, p_hash text, p_auth text, p_address text, p_must_set bool default false,
	p_made timestamptz default null) returns void language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
	v_address text := answerd.house_mark('address ' || p_address);
begin
	delete from answerd.staff_session where hash in (select hash from answerd.staff_session
		where made_at < v_now - answerd.session_most() order by made_at limit 100 for update skip locked);
	insert into answerd.staff_session (hash, staff_id, auth, made_at, seen_at, fresh_at, must_set_password, address)
	values (p_hash, p_staff, p_auth, coalesce(p_made, v_now), v_now, v_now, p_must_set, v_address);
	delete from answerd.staff_address where staff_id = p_staff and seen_at < v_now - interval '30 days';
	insert into answerd.staff_address (staff_id, address, seen_at) values (p_staff, v_address, v_now)
	on conflict (staff_id, address) do update set seen_at = v_now;
end $$;

-- second_factor(staff, step, recovery): the code's step, or a recovery code, is used up here. True when that was the first time, or when
-- there is no second factor to show.
create or replace function answerd.second_factor(p_staff bigint, p_step bigint, p_recovery text) returns bool language plpgsql volatile
set search_path = pg_catalog as $$
begin
	if not exists (select from answerd.staff_secret where staff_id = p_staff and totp is not null) then
		return true;
	end if;
	update answerd.staff_secret set totp_step = p_step where staff_id = p_staff and p_step > totp_step;
	if found then
		return true;
	end if;
	delete from answerd.staff_recovery where staff_id = p_staff and hash = p_recovery;
	return found;
end $$;

-- sign_in_done(try, staff, password, step, recovery, hash, old, address, require) → session_json(): the password was right. Null: it is
-- another one by now, the person is gone, or the code was used before. With p_old it is a re-authentication: that session gets a new key and
-- is fresh, but lives no longer.
create or replace function answerd.sign_in_done(p_try bigint, p_staff bigint, p_password text, p_step bigint, p_recovery text, p_hash text,
	p_old text, p_address text, p_require text) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_old answerd.staff_session;
begin
	perform from answerd.staff s join answerd.staff_secret k using (staff_id) where s.staff_id = p_staff and s.disabled_at is null
		and k.password = p_password for update of s, k;
	if not found or not answerd.second_factor(p_staff, p_step, p_recovery) then
		return null;
	end if;
	delete from answerd.sign_in_try where try_id = p_try;
	if p_old is not null then
		delete from answerd.staff_session where hash = p_old and staff_id = p_staff returning * into v_old;
		if not found then
			return null;
		end if;
	end if;
	perform answerd.session_made(p_staff, p_hash, coalesce(v_old.auth, 'password'), p_address, false, v_old.made_at);
	perform answerd.audited(0, 'staff:' || p_staff, case when p_old is null then 'sign_in' else 'sign_in_again' end, 'staff:' || p_staff,
		jsonb_build_object('auth', 'password', 'code', case when p_recovery is not null then 'recovery' when p_step is not null then 'totp' end,
			'address', answerd.house_mark('address ' || p_address)));
	return answerd.session_json(p_staff, p_hash, null, p_require);
end $$;

-- link_done(link, step, recovery, hash, try, address, require) → session_json(): the link is used up, and a session made that must set a
-- password first. Null: nobody's, used, or too old. Refused where its code is wrong: then the link is as before.
create or replace function answerd.link_done(p_link text, p_step bigint, p_recovery text, p_hash text, p_try bigint, p_address text, p_require text) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.staff_link;
begin
	delete from answerd.staff_link l using answerd.staff s where l.hash = p_link and l.until > answerd.now() and s.staff_id = l.staff_id
		and s.disabled_at is null returning l.* into v;
	if not found then
		return null;
	end if;
	if not answerd.second_factor(v.staff_id, p_step, p_recovery) then
		perform answerd.refuse_as('AN401', 'code_wrong', 'That code is not right, or was used before.');
	end if;
	delete from answerd.sign_in_try where try_id = p_try;
	perform answerd.session_made(v.staff_id, p_hash, 'link', p_address, true);
	perform answerd.audited(0, 'staff:' || v.staff_id, 'sign_in', 'staff:' || v.staff_id,
		jsonb_build_object('auth', 'link', 'address', answerd.house_mark('address ' || p_address)));
	return answerd.session_json(v.staff_id, p_hash, null, p_require);
end $$;

-- password_set(staff, password, old, hash, try, address, require) → session_json(): all their sessions end; the one at hand (old) goes on
-- under a new key. Null: it is over already.
create or replace function answerd.password_set(p_staff bigint, p_password text, p_old text, p_hash text, p_try bigint, p_address text, p_require text)
returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_old answerd.staff_session;
begin
	perform from answerd.staff where staff_id = p_staff and disabled_at is null for update;
	select * into v_old from answerd.staff_session where hash = p_old and staff_id = p_staff for update;
	if v_old.hash is null then
		return null;
	end if;
	insert into answerd.staff_secret as k (staff_id, password, password_at) values (p_staff, p_password, answerd.now())
	on conflict (staff_id) do update set password = excluded.password, password_at = excluded.password_at;
	delete from answerd.sign_in_try where try_id = p_try;
	delete from answerd.staff_session where staff_id = p_staff;
	delete from answerd.staff_link where staff_id = p_staff;
	perform answerd.session_made(p_staff, p_hash, 'password', p_address, false, v_old.made_at);
	perform answerd.audited(0, 'staff:' || p_staff, 'password_set', 'staff:' || p_staff,
		jsonb_build_object('address', answerd.house_mark('address ' || p_address)));
	return answerd.session_json(p_staff, p_hash, null, p_require);
end $$;

-- session_end(staff, hash) → {signed_out}: once more is no fault.
create or replace function answerd.session_end(p_staff bigint, p_hash text) returns json language plpgsql volatile set search_path = pg_catalog as $$
begin
	delete from answerd.staff_session where hash = p_hash and staff_id = p_staff;
	if found then
		perform answerd.audited(0, 'staff:' || p_staff, 'sign_out', 'staff:' || p_staff);
	end if;
	return json_build_object('signed_out', true);
end $$;

-- totp_forgotten(staff) → was there a second factor? What was being set up is forgotten, too.
create or replace function answerd.totp_forgotten(p_staff bigint) returns bool language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_had bool;
begin
	select totp is not null into v_had from answerd.staff_secret where staff_id = p_staff for update;
	update answerd.staff_secret set totp = null, totp_at = null, totp_next = null, totp_next_at = null where staff_id = p_staff;
	delete from answerd.staff_recovery where staff_id = p_staff;
	return coalesce(v_had, false);
end $$;

-- link_make(actor, login, hash, off) → {login, until, made: the hash, by which the desk knows that this key is the one}: a one-time link of
-- 24 hours; an older one is none any more. off: their second factor is forgotten (the telephone is lost).
create or replace function answerd.link_make(p_actor bigint, p_login text, p_hash text, p_off bool default false) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.staff := answerd.staff_held(p_login);
	v_until timestamptz := answerd.now() + interval '24 hours';
begin
	if v.disabled_at is not null then
		perform answerd.refuse_as('AN409', 'staff_disabled', 'Staff member %s is disabled. answer staff add %s lets them in again.', p_login, p_login);
	end if;
	if p_off then
		perform answerd.totp_forgotten(v.staff_id);
	end if;
	delete from answerd.staff_link where staff_id = v.staff_id;
	insert into answerd.staff_link (hash, staff_id, made_at, until) values (p_hash, v.staff_id, answerd.now(), v_until);
	perform answerd.audited(0, 'staff:' || p_actor, 'staff_link', 'staff:' || v.staff_id, jsonb_build_object('without_totp', p_off));
	return json_build_object('login', v.login, 'until', answerd.rfc3339(v_until), 'made', p_hash);
end $$;

-- staff_added(actor, login, name, role, os_user, approval, hash): staff_add of rules/50, with the link of a person who has just come.
create or replace function answerd.staff_added(p_actor bigint, p_login text, p_name text, p_role text, p_os_user text, p_approval bool,
	p_hash text) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v json := answerd.staff_add(p_actor, p_login, p_name, p_role, p_os_user, p_approval);
	v_link json := answerd.link_make(p_actor, p_login, p_hash);
begin
	return (select json_object_agg(key, value) from (select * from json_each(v) union all
		select 'until', v_link -> 'until' union all select 'made', v_link -> 'made') x);
end $$;
