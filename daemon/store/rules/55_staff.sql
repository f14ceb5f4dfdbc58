-- Who works here, beyond coming and going (rules/50): another role, tokens of the API, a second factor.

-- staff_role(actor, login, role): in force with the next request. Who is signed in signs in anew (RELIABILITY S8).
create or replace function answerd.staff_role(p_actor bigint, p_login text, p_role text) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	v answerd.staff;
	v_before text;
begin
	if p_role is null or p_role not in ('agent', 'lead', 'admin', 'auditor') then
		perform answerd.refuse('AN400', 'A role is agent, lead, admin or auditor.');
	end if;
	v := answerd.staff_held(p_login);
	if v.login = 'admin' then
		perform answerd.refuse('AN409', 'The built-in staff member admin stays admin: root always may.');
	end if;
	if v.role = p_role then
		return answerd.staff_json(v);
	end if;
	v_before := v.role;
	update answerd.staff set role = p_role where staff_id = v.staff_id returning * into v;
	delete from answerd.staff_session where staff_id = v.staff_id;
	if p_role = 'auditor' then -- who only reads holds nothing
		perform answerd.staff_freed(v.staff_id);
	end if;
	perform answerd.audited(0, 'staff:' || p_actor, 'staff_role', 'staff:' || v.staff_id, jsonb_build_object('from', v_before, 'to', p_role));
	return answerd.staff_json(v);
end $$;

-- staff_list(actor) → everybody, with what an admin must know of how they get in. An e-mail address is told to leads, admins and its owner: nobody
-- else needs it.
drop function if exists answerd.staff_list();
create or replace function answerd.staff_list(p_actor bigint) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce(json_agg(answerd.staff_json(s)::jsonb || jsonb_build_object(
		'password', k.password is not null, 'totp', k.totp is not null,
		'email', (select e.email from answerd.staff_email e, answerd.staff a where e.staff_id = s.staff_id and a.staff_id = p_actor
			and (a.role in ('lead', 'admin') or a.staff_id = s.staff_id)),
		'link_until', (select answerd.rfc3339(max(l.until)) from answerd.staff_link l where l.staff_id = s.staff_id and l.until > answerd.now()),
		'tokens', (select count(*) from answerd.staff_token t where t.staff_id = s.staff_id and answerd.is_open(t)))
		order by s.login), '[]'), 'next', null)
	from answerd.staff s left join answerd.staff_secret k using (staff_id)
$$;

-- ---- tokens of the API: their owner's rights and no more, for a while (RELIABILITY S12)

-- token_json(token): the object of the API; never its key, nor the hash of that.
create or replace function answerd.token_json(t answerd.staff_token) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('id', t.token_id::text, 'name', t.name, 'login', s.login, 'scope', t.scope, 'made_at', answerd.rfc3339(t.made_at),
		'until', answerd.rfc3339(t.until), 'used_at', answerd.rfc3339(t.used_at), 'revoked_at', answerd.rfc3339(t.revoked_at),
		'is_good', answerd.is_open(t) and s.disabled_at is null)
	from answerd.staff s where s.staff_id = t.staff_id
$$;

-- token_make(actor, name, scope, days, hash) → the token, and `made`: the hash, by which the desk knows that this key is the one.
create or replace function answerd.token_make(p_actor bigint, p_name text, p_scope text, p_days int, p_hash text) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.staff_token;
	v_name text := coalesce(nullif(btrim(p_name), ''), 'token');
begin
	if coalesce(p_scope, 'read') not in ('read', 'act') then
		perform answerd.refuse('AN400', 'A token''s scope is read, or act: whatever its owner may.');
	end if;
	if coalesce(p_days, 90) not between 1 and 366 then
		perform answerd.refuse_as('AN400', 'token_days', 'A token lives 1 to 366 days.');
	end if;
	if length(v_name) > 100 or v_name ~ '[[:cntrl:]]' then
		perform answerd.refuse_as('AN400', 'name_form', 'A token''s name is one line of at most 100 characters.');
	end if;
	perform from answerd.staff where staff_id = p_actor for update;
	if (select count(*) from answerd.staff_token t where t.staff_id = p_actor and answerd.is_open(t)) >= 50 then
		perform answerd.refuse_as('AN409', 'tokens_many', 'You have fifty tokens. Revoke one that is not used: answer token list.');
	end if;
	insert into answerd.staff_token (hash, staff_id, name, scope, made_at, until)
	values (p_hash, p_actor, v_name, coalesce(p_scope, 'read'), answerd.now(), answerd.now() + coalesce(p_days, 90) * interval '1 day')
	returning * into v;
	perform answerd.audited(0, 'staff:' || p_actor, 'token_make', 'token:' || v.token_id, jsonb_build_object('scope', v.scope));
	return (answerd.token_json(v)::jsonb || jsonb_build_object('made', p_hash))::json;
end $$;

-- token_list(actor, all): one's own; an admin sees everybody's when they ask for all. Those that are over stay for a month.
create or replace function answerd.token_list(p_actor bigint, p_all bool) returns json language plpgsql stable set search_path = pg_catalog as $$
begin
	if p_all and (select role from answerd.staff where staff_id = p_actor) <> 'admin' then
		perform answerd.refuse('AN403', 'Only an admin sees the tokens of others.');
	end if;
	return (select json_build_object('items', coalesce(json_agg(answerd.token_json(t) order by t.token_id desc), '[]'), 'next', null)
		from answerd.staff_token t where (t.staff_id = p_actor or p_all)
			and least(t.until, coalesce(t.revoked_at, t.until)) > answerd.now() - interval '30 days');
end $$;

-- token_revoke(actor, id): one's own, or anybody's by an admin. To others it is not there.
create or replace function answerd.token_revoke(p_actor bigint, p_id text) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.staff_token;
	v_id bigint := answerd.id_of(p_id, 'token', 'answer token list names yours.');
begin
	select t.* into v from answerd.staff_token t where t.token_id = v_id
		and (t.staff_id = p_actor or (select role from answerd.staff where staff_id = p_actor) = 'admin') for update;
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no token %s of yours. answer token list names them.', p_id);
	end if;
	if v.revoked_at is null then
		update answerd.staff_token set revoked_at = answerd.now() where token_id = v_id returning * into v;
		perform answerd.audited(0, 'staff:' || p_actor, 'token_revoke', 'token:' || v_id, jsonb_build_object('owner', v.staff_id));
	end if;
	return answerd.token_json(v);
end $$;

-- ---- the second factor

-- totp_begin(staff, secret) → {login}: kept until a code of it is shown, for an hour.
create or replace function answerd.totp_begin(p_staff bigint, p_secret text) returns json language plpgsql volatile set search_path = pg_catalog as $$
begin
	insert into answerd.staff_secret as k (staff_id, totp_next, totp_next_at) values (p_staff, p_secret, answerd.now())
	on conflict (staff_id) do update set totp_next = p_secret, totp_next_at = answerd.now() where k.totp is null;
	if not found then
		perform answerd.refuse_as('AN409', 'factor_there', 'You have a second factor already. Put it off first, then set up the new one.');
	end if;
	return json_build_object('login', (select login from answerd.staff where staff_id = p_staff));
end $$;

-- recovery_codes(staff, hashes): these are theirs from now on, and no others.
create or replace function answerd.recovery_codes(p_staff bigint, p_hashes text[]) returns void language sql volatile
set search_path = pg_catalog as $$
	delete from answerd.staff_recovery where staff_id = p_staff;
	insert into answerd.staff_recovery (staff_id, hash) select p_staff, h from unnest(p_hashes) h;
$$;

-- totp_confirm(staff, session, secret, step, hashes of recovery codes) → {totp}: a code of the new secret was shown. Null: there is another
-- one by now. Their other sessions are over.
create or replace function answerd.totp_confirm(p_staff bigint, p_session text, p_secret text, p_step bigint, p_hashes text[]) returns json
language plpgsql volatile set search_path = pg_catalog as $$
begin
	update answerd.staff_secret set totp = totp_next, totp_at = answerd.now(), totp_step = p_step, totp_next = null, totp_next_at = null
	where staff_id = p_staff and totp is null and totp_next = p_secret;
	if not found then
		return null;
	end if;
	perform answerd.recovery_codes(p_staff, p_hashes);
	delete from answerd.staff_session where staff_id = p_staff and hash <> p_session;
	perform answerd.audited(0, 'staff:' || p_staff, 'totp_on', 'staff:' || p_staff);
	return json_build_object('totp', true);
end $$;

-- totp_off(staff, session) → {totp}: no second factor any more; their other sessions are over.
create or replace function answerd.totp_off(p_staff bigint, p_session text) returns json language plpgsql volatile set search_path = pg_catalog as $$
begin
	if answerd.totp_forgotten(p_staff) then
		delete from answerd.staff_session where staff_id = p_staff and hash <> p_session;
		perform answerd.audited(0, 'staff:' || p_staff, 'totp_off', 'staff:' || p_staff);
	end if;
	return json_build_object('totp', false);
end $$;

-- recovery_made(staff, hashes) → {totp}: ten new ones; the old ones are none.
create or replace function answerd.recovery_made(p_staff bigint, p_hashes text[]) returns json language plpgsql volatile
set search_path = pg_catalog as $$
begin
	perform from answerd.staff_secret where staff_id = p_staff and totp is not null for update;
	if not found then
		perform answerd.refuse_as('AN409', 'factor_none', 'Recovery codes belong to a second factor. Set one up first.');
	end if;
	perform answerd.recovery_codes(p_staff, p_hashes);
	perform answerd.audited(0, 'staff:' || p_staff, 'recovery_codes', 'staff:' || p_staff);
	return json_build_object('totp', true);
end $$;
