-- What all staff acts share: refusals, who acts, which conversation is meant, the audit chain, and "done once" (keys).
-- Refusals carry SQLSTATE class AN, and a message that a person can act on:
--   AN400 usage · AN403 not yours · AN404 not there · AN409 somebody was faster, or the state does not allow it.
create or replace function answerd.refuse(p_code text, p_message text) returns void language plpgsql set search_path = pg_catalog as $$
begin
	raise exception using errcode = p_code, message = p_message;
end $$;

-- refuse_as(class, name, sentence, values): the same with the sentence's name, which never changes, so that a page in another language can say it (web/lang:
-- problem.NAME). The values stand in the sentence as %s, in order.
create or replace function answerd.refuse_as(p_code text, p_name text, p_form text, variadic p_with text[] default '{}') returns void
language plpgsql set search_path = pg_catalog as $$
begin
	raise exception using errcode = p_code, message = format(p_form, variadic p_with), hint = p_name, detail = array_to_json(p_with)::text;
end $$;

-- clock_text(t, zone): a time for a sentence: "14:02", or with its date when it is not today's.
create or replace function answerd.clock_text(p_at timestamptz, p_zone text) returns text language sql stable
set search_path = pg_catalog as $$
	select to_char(p_at at time zone p_zone, case
		when (p_at at time zone p_zone)::date = (answerd.now() at time zone p_zone)::date then 'HH24:MI' else 'YYYY-MM-DD HH24:MI' end)
$$;

-- length_of(text): "90s", "15m", "1h30m", "2d", "1w" as an interval; null when it is none of these. At most a year.
create or replace function answerd.length_of(p_text text) returns interval language plpgsql immutable set search_path = pg_catalog as $$
declare
	v_part text[];
	v_s numeric := 0;
begin
	if p_text is null or p_text !~ '^([0-9]{1,9}[smhdw])+$' then
		return null;
	end if;
	for v_part in select regexp_matches(p_text, '([0-9]+)([smhdw])', 'g') loop
		v_s := v_s + v_part[1]::numeric * case v_part[2] when 's' then 1 when 'm' then 60 when 'h' then 3600 when 'd' then 86400
			else 604800 end;
	end loop;
	return case when v_s <= 366 * 86400 then v_s::float8 * interval '1 second' end;
end $$;

-- staff_named(login) → who that is; refused where nobody is. staff_held(login): the same, held until the end of the transaction.
create or replace function answerd.staff_named(p_login text) returns answerd.staff language plpgsql stable set search_path = pg_catalog as $$
declare
	v answerd.staff;
begin
	select * into v from answerd.staff where login = p_login;
	if not found then
		perform answerd.refuse_as('AN404', 'no_staff', 'There is no staff member %s. answer staff list names them.', p_login);
	end if;
	return v;
end $$;
create or replace function answerd.staff_held(p_login text) returns answerd.staff language plpgsql volatile set search_path = pg_catalog as $$
begin
	perform from answerd.staff where login = p_login for update;
	return answerd.staff_named(p_login);
end $$;

-- is_lead(actor): may they what only a lead may?
create or replace function answerd.is_lead(p_actor bigint) returns bool language sql stable set search_path = pg_catalog as $$
	select exists (select from answerd.staff where staff_id = p_actor and role in ('lead', 'admin'))
$$;

-- staff_name(id): how a person is called in a sentence.
create or replace function answerd.staff_name(p_staff bigint) returns text language sql stable set search_path = pg_catalog as $$
	select coalesce((select name from answerd.staff where staff_id = p_staff), 'somebody')
$$;

-- brand_named(name) → id. Null stays null.
create or replace function answerd.brand_named(p_name text) returns int language plpgsql stable set search_path = pg_catalog as $$
declare
	v_id int;
begin
	if p_name is null then
		return null;
	end if;
	select brand_id into v_id from answerd.brand where name = p_name;
	if not found then
		perform answerd.refuse('AN400', format('There is no brand "%s". These are configured: %s.', p_name,
			coalesce((select string_agg(name, ', ' order by name) from answerd.brand where is_configured), 'none')));
	end if;
	return v_id;
end $$;

-- id_of(text, what): a whole number as people and programs write ids, else "not there".
create or replace function answerd.id_of(p_id text, p_what text, p_list text) returns bigint language plpgsql immutable
set search_path = pg_catalog as $$
begin
	if p_id is null or p_id !~ '^[0-9]{1,18}$' then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no %s %s. %s', p_what, left(p_id, 40), p_list);
	end if;
	return p_id::bigint;
end $$;

-- conversation_named(id): the conversation, followed to where it was merged into.
create or replace function answerd.conversation_named(p_id text) returns answerd.conversation language plpgsql stable
set search_path = pg_catalog as $$
declare
	v answerd.conversation;
	v_id bigint := answerd.id_of(p_id, 'conversation', 'answer queue lists them.');
begin
	for i in 1 .. 32 loop
		select * into v from answerd.conversation where conversation_id = v_id;
		exit when v.conversation_id is null or v.merged_into is null;
		v_id := v.merged_into;
	end loop;
	if v.conversation_id is null or v.merged_into is not null then
		perform answerd.refuse_as('AN404', 'no_conversation', 'There is no conversation %s. answer queue lists them.', p_id);
	end if;
	return v;
end $$;

-- conversation_held(id, account): the same, locked for a change. With p_account the account's row is locked first: everything
-- that changes what waits does that, in this order, before it looks (I2).
create or replace function answerd.conversation_held(p_id text, p_account bool, p_version int default null)
returns answerd.conversation language plpgsql set search_path = pg_catalog as $$
declare
	v answerd.conversation;
	v_locked answerd.conversation;
begin
	for i in 1 .. 8 loop
		v := answerd.conversation_named(p_id);
		if p_account then
			perform from answerd.account where account_id = v.account_id and brand_id = v.brand_id for no key update;
		end if;
		select * into v_locked from answerd.conversation where conversation_id = v.conversation_id and brand_id = v.brand_id
			and merged_into is null for no key update;
		if found then
			if v_locked.version <> p_version then
				perform answerd.refuse_as('AN409', 'changed', 'Conversation %s has changed meanwhile (it is at version %s, you saw %s). '
					'Look at it again: answer show %s.', v.conversation_id::text, v_locked.version::text, p_version::text, v.conversation_id::text);
			end if;
			return v_locked;
		end if;
	end loop;
	perform answerd.refuse('AN409', format('Conversation %s is being merged again and again. Try it once more.', p_id));
	return null;
end $$;

-- holder_of(conversation): who has it in hand now; an assignment is a lease, so an expired one is nobody's.
create or replace function answerd.holder_of(c answerd.conversation) returns bigint language sql stable set search_path = pg_catalog as $$
	select case when c.assigned_until > answerd.now() then c.assignee_id end
$$;

-- The audit chain of a brand (0: the house itself): every row carries the hash of the one before.
create or replace function answerd.audit_hash(p_previous text, p_seq bigint, p_at timestamptz, p_actor text, p_act text,
	p_object text, p_detail jsonb) returns text language sql stable set search_path = pg_catalog as $$
	select encode(sha256(convert_to(p_previous || '|' || p_seq || '|' || answerd.us(p_at) || '|' || p_actor || '|' || p_act || '|'
		|| p_object || '|' || p_detail::text, 'UTF8')), 'hex')
$$;
-- Called last in every act: from here to the end of the transaction the brand's chain belongs to us.
create or replace function answerd.audited(p_brand int, p_actor text, p_act text, p_object text, p_detail jsonb default '{}')
returns void language plpgsql set search_path = pg_catalog as $$
declare
	v_seq bigint;
	v_previous text;
	v_at timestamptz := answerd.now();
begin
	perform pg_advisory_xact_lock(1634628449, p_brand);
	select seq, hash into v_seq, v_previous from answerd.audit where brand_id = p_brand order by seq desc limit 1;
	v_seq := coalesce(v_seq, 0) + 1;
	v_previous := coalesce(v_previous, '');
	insert into answerd.audit (brand_id, seq, at, actor, act, object, detail, previous, hash)
	values (p_brand, v_seq, v_at, p_actor, p_act, p_object, p_detail, v_previous,
		answerd.audit_hash(v_previous, v_seq, v_at, p_actor, p_act, p_object, p_detail));
	-- Pages that are open hear of it (desk/events.h); what is of no concern to them they leave aside.
	perform pg_notify('answerd_event', p_object);
end $$;
create or replace function answerd.audited(c answerd.conversation, p_actor bigint, p_act text, p_detail jsonb default '{}')
returns void language sql set search_path = pg_catalog as $$
	select answerd.audited(c.brand_id, 'staff:' || p_actor, p_act, 'conversation:' || c.conversation_id, p_detail);
	select answerd.fed('conversation.' || p_act, c.brand_id, c.account_id, c.conversation_id, null, null, 'staff:' || p_actor);
$$;

-- replayed(key, actor, request) → the answer that this key already had, or null: then the act is done and remember()ed, in
-- this transaction. Two requests with one key at once: the second waits here for the first. One key is one request.
-- coalesce(answerd.replayed(…), answerd.remembered(…, act)) evaluates the act only where there is nothing to replay.
create or replace function answerd.replayed(p_key text, p_actor bigint, p_request text) returns text language plpgsql volatile
set search_path = pg_catalog as $$
declare
	v answerd.idempotency;
begin
	if p_key is null then
		return null;
	end if;
	perform pg_advisory_xact_lock(hashtextextended(p_key, 1634628450));
	select * into v from answerd.idempotency where key = p_key;
	if not found then
		return null;
	end if;
	if v.actor <> 'staff:' || p_actor or v.request <> p_request then
		perform answerd.refuse('AN409', 'This idempotency key was already used for another request. Take a new key for a new request.');
	end if;
	return v.answer;
end $$;
create or replace function answerd.remembered(p_key text, p_actor bigint, p_request text, p_answer json) returns text
language plpgsql volatile set search_path = pg_catalog as $$
begin
	if p_key is not null then
		delete from answerd.idempotency where key in (select key from answerd.idempotency
			where at < answerd.now() - interval '2 days' order by at limit 20 for update skip locked);
		insert into answerd.idempotency (key, at, actor, request, status, answer)
		values (p_key, answerd.now(), 'staff:' || p_actor, p_request, 200, p_answer::text);
	end if;
	return p_answer::text;
end $$;

-- desk_caller(is_builtin, os_user): who is at the socket; no row: nobody we know. The built-in admin is made on first use.
create or replace function answerd.desk_admin() returns bigint language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_id bigint;
begin
	select staff_id into v_id from answerd.staff where login = 'admin';
	if not found then
		insert into answerd.staff (login, name, role) values ('admin', 'admin', 'admin') on conflict (login) do nothing;
		select staff_id into v_id from answerd.staff where login = 'admin';
	end if;
	return v_id;
end $$;

create or replace function answerd.staff_json(s answerd.staff) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('id', s.staff_id::text, 'login', s.login, 'name', s.name, 'os_user', s.os_user, 'role', s.role, 'needs_approval', s.needs_approval,
		'disabled_at', answerd.rfc3339(s.disabled_at), 'created_at', answerd.rfc3339(s.created_at))
$$;

-- staff_add(actor, login, name, role, os_user): a new person, or one who was disabled and comes back.
create or replace function answerd.staff_add(p_actor bigint, p_login text, p_name text, p_role text, p_os_user text,
	p_approval bool default null) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.staff;
begin
	if p_login !~ '^[a-z][a-z0-9._-]{0,39}$' then
		perform answerd.refuse_as('AN400', 'login_form', 'A login is 1 to 40 of a-z, 0-9, dot, dash and underscore, and begins with a letter.');
	end if;
	if coalesce(p_role, 'agent') not in ('agent', 'lead', 'admin', 'auditor') then
		perform answerd.refuse('AN400', 'A role is agent, lead, admin or auditor.');
	end if;
	if length(p_name) > 200 or p_name ~ '[[:cntrl:]]' or p_name = '' then
		perform answerd.refuse_as('AN400', 'name_form', 'A name is one line of at most 200 characters.');
	end if;
	if p_os_user !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$' then
		perform answerd.refuse('AN400', 'That is no name of a user of this machine.');
	end if;
	select * into v from answerd.staff where login = p_login for update;
	if v.staff_id is not null and v.disabled_at is null then
		perform answerd.refuse_as('AN409', 'login_taken', 'There is already a staff member %s. answer staff list names them.', p_login);
	end if;
	if exists (select from answerd.staff where os_user = p_os_user and login <> p_login) then
		perform answerd.refuse('AN409', format('The user %s of this machine already is staff member %s.', p_os_user,
			(select login from answerd.staff where os_user = p_os_user)));
	end if;
	insert into answerd.staff as s (login, name, os_user, role, needs_approval, created_at)
	values (p_login, coalesce(p_name, p_login), p_os_user, coalesce(p_role, 'agent'), coalesce(p_approval, false), answerd.now())
	on conflict (login) do update set disabled_at = null, name = coalesce(p_name, s.name),
		os_user = coalesce(p_os_user, s.os_user), role = coalesce(p_role, s.role),
		needs_approval = coalesce(p_approval, s.needs_approval)
	returning * into v;
	perform answerd.audited(0, 'staff:' || p_actor, 'staff_add', 'staff:' || v.staff_id, jsonb_build_object('role', v.role));
	return answerd.staff_json(v);
end $$;

-- staff_freed(staff) → how many conversations they held: they are free at once.
create or replace function answerd.staff_freed(p_staff bigint) returns int language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_n int;
begin
	with held as (
		select conversation_id, brand_id from answerd.conversation where assignee_id = p_staff order by 1, 2 for no key update
	)
	update answerd.conversation c set assignee_id = null, assigned_until = null, version = version + 1
	from held where c.conversation_id = held.conversation_id and c.brand_id = held.brand_id;
	get diagnostics v_n = row_count;
	return v_n;
end $$;

-- staff_disable(actor, login): no more acts of theirs; what they held is free at once.
create or replace function answerd.staff_disable(p_actor bigint, p_login text) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	v answerd.staff := answerd.staff_held(p_login);
begin
	if v.login = 'admin' then
		perform answerd.refuse('AN409', 'The built-in staff member admin cannot be disabled: root always may.');
	end if;
	if v.disabled_at is not null then
		return answerd.staff_json(v);
	end if;
	update answerd.staff set disabled_at = answerd.now() where staff_id = v.staff_id returning * into v;
	delete from answerd.staff_session where staff_id = v.staff_id;
	delete from answerd.staff_link where staff_id = v.staff_id;
	update answerd.staff_token set revoked_at = answerd.now() where staff_id = v.staff_id and revoked_at is null;
	perform answerd.audited(0, 'staff:' || p_actor, 'staff_disable', 'staff:' || v.staff_id, jsonb_build_object('freed', answerd.staff_freed(v.staff_id)));
	return answerd.staff_json(v);
end $$;
