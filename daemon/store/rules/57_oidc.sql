-- Signing in by a service (OpenID Connect; RELIABILITY S8-S10). The desk begins, hears what the browser brings back and makes the session; in
-- between the worker asks the service. Failures are words: the desk has a sentence for each (desk/oidc_words.c).

create or replace function answerd.oidc_life() returns interval language sql immutable as $$ select interval '10 min' $$;

-- oidc_begin(…): a sign-in is begun. o_wait_s: not before; o_authorize null: the service cannot be used (o_reason), the worker is told to look.
create or replace function answerd.oidc_begin(p_provider text, p_issuer text, p_state text, p_browser text, p_nonce text, p_verifier text,
	p_redirect text, p_place text, p_again bool, p_address text, out o_wait_s bigint, out o_authorize text, out o_reason text)
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
	v_address text := answerd.house_mark('address ' || p_address);
	v answerd.oidc_provider;
begin
	o_wait_s := 0;
	select * into v from answerd.oidc_provider where name = p_provider and issuer = p_issuer;
	if v.authorize is null or v.reason is not null then
		o_reason := coalesce(v.reason, 'it was not asked yet');
		perform pg_notify('answerd_oidc', 'look');
		return;
	end if;
	perform pg_advisory_xact_lock(1634628453, hashtext(v_address));
	delete from answerd.oidc_flow where flow_id in (select flow_id from answerd.oidc_flow where made_at < v_now - answerd.oidc_life()
		or made_at > v_now + answerd.oidc_life() order by made_at limit 100 for update skip locked);
	-- Thirty of one address at once, ten thousand of all: nobody fills the table.
	if (select count(*) from (select from answerd.oidc_flow where address = v_address limit 30) x) >= 30
		or (select count(*) from (select from answerd.oidc_flow limit 10000) x) >= 10000 then
		o_wait_s := 60;
		return;
	end if;
	insert into answerd.oidc_flow (state, browser, provider, issuer, nonce, verifier, redirect, place, is_again, address, made_at)
	values (p_state, p_browser, p_provider, p_issuer, p_nonce, p_verifier, p_redirect, p_place, p_again, v_address, v_now);
	o_authorize := v.authorize;
end $$;

-- oidc_refused(try, staff, address, failure, detail): counted, and in the audit log.
create or replace function answerd.oidc_refused(p_try bigint, p_staff bigint, p_address text, p_provider text, p_failure text, p_detail text) returns void
language sql volatile set search_path = pg_catalog as $$
	select answerd.audited(0, coalesce('staff:' || p_staff, 'unknown'), 'sign_in_failed', coalesce('staff:' || p_staff, 'unknown'),
		jsonb_strip_nulls(jsonb_build_object('what', 'oidc', 'provider', p_provider, 'why', p_failure, 'detail', left(p_detail, 200),
			'address', answerd.house_mark('address ' || p_address))))
$$;

-- oidc_back(state, browser, code, iss, error, address): the browser is back. Counted as a failure until it is known to be none. Either
-- o_wait_s, or o_failure, or o_flow: the worker asks the service now. Used up in the same statement; another browser uses up nothing.
create or replace function answerd.oidc_back(p_state text, p_browser text, p_code text, p_iss text, p_error text, p_address text,
	out o_wait_s bigint, out o_try bigint, out o_flow bigint, out o_provider text, out o_failure text)
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
	v answerd.oidc_flow;
begin
	select b.o_wait_s, b.o_try into o_wait_s, o_try from answerd.sign_in_begin('oidc ' || p_state, p_address) b;
	if o_wait_s > 0 then
		return;
	end if;
	select * into v from answerd.oidc_flow where state = p_state for update;
	o_provider := v.provider;
	o_failure := case
		when v.flow_id is null then 'state'
		when p_browser is null or v.browser <> p_browser then 'browser'
		when v.step <> 'begun' then 'replayed'
		when v_now not between v.made_at - interval '1 min' and v.made_at + answerd.oidc_life() then 'late'
		when p_error is not null then case when p_error = 'access_denied' then 'denied' else 'refused' end
		when coalesce(p_code, '') = '' then 'refused'
	end;
	if o_failure is null then
		update answerd.oidc_flow set step = 'back', code = p_code, said_iss = nullif(p_iss, ''), back_at = v_now where flow_id = v.flow_id;
		o_flow := v.flow_id;
		perform pg_notify('answerd_oidc', 'back');
	else
		if o_failure in ('late', 'denied', 'refused') then
			delete from answerd.oidc_flow where flow_id = v.flow_id;
		end if;
		perform answerd.oidc_refused(o_try, null, p_address, o_provider, o_failure, p_error);
	end if;
end $$;

-- oidc_claimed(names): what browsers brought, to be asked by who calls. What nobody asked for a minute is left: the code has ended.
create or replace function answerd.oidc_claimed(p_names text[]) returns setof answerd.oidc_flow language sql volatile set search_path = pg_catalog as $$
	update answerd.oidc_flow f set step = 'asked' where f.flow_id in (select flow_id from answerd.oidc_flow
		where step = 'back' and provider = any (p_names) and back_at > answerd.now() - interval '1 min' order by back_at limit 16 for update skip locked)
	returning f.*
$$;

-- oidc_judged(flow, failure, detail, subject, claim, name, proved): what the service said, as the worker judged it.
create or replace function answerd.oidc_judged(p_flow bigint, p_failure text, p_detail text, p_subject text, p_claim text, p_name text, p_proved bigint)
returns void language plpgsql volatile set search_path = pg_catalog as $$
begin
	update answerd.oidc_flow set step = 'judged', code = null, verifier = '', nonce = '', failure = p_failure, detail = left(p_detail, 400),
		subject = p_subject, claim = p_claim, full_name = left(p_name, 200), proved_at = answerd.from_us(p_proved)
	where flow_id = p_flow and step = 'asked';
	if found then
		perform pg_notify('answerd_event', 'oidc:' || p_flow);
	end if;
end $$;

-- oidc_provider_said(name, issuer, authorize, reason): what a service said of itself, or why it said nothing.
create or replace function answerd.oidc_provider_said(p_name text, p_issuer text, p_authorize text, p_reason text) returns void language sql volatile
set search_path = pg_catalog as $$
	insert into answerd.oidc_provider (name, issuer, authorize, reason, asked_at) values (p_name, p_issuer, p_authorize, p_reason, now())
	on conflict (name) do update set issuer = p_issuer, authorize = p_authorize, reason = p_reason, asked_at = now()
$$;

-- oidc_login(claim): a login made of what a service calls somebody; null: none can be made.
create or replace function answerd.oidc_login(p_claim text) returns text language sql immutable set search_path = pg_catalog as $$
	select nullif(left(regexp_replace(regexp_replace(lower(split_part(p_claim, '@', 1)), '[^a-z0-9._-]', '', 'g'), '^[^a-z]+', ''), 40), '')
$$;

-- oidc_staff(flow, match, unknown): who it is. The service's own id of a person counts, once it is known; before that the claim does. The
-- built-in admin is nobody's claim.
create or replace function answerd.oidc_staff(v answerd.oidc_flow, p_is_login bool, p_unknown text, out o_staff bigint, out o_failure text)
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_account text := answerd.house_mark('oidc ' || v.issuer || ' ' || v.subject);
	v_claim text := lower(btrim(v.claim));
	v_login text;
	s answerd.staff;
begin
	select x.staff_id into o_staff from answerd.staff_oidc x where x.account = v_account;
	if o_staff is null and p_is_login then
		select x.staff_id into o_staff from answerd.staff x where x.login = v_claim and x.login <> 'admin';
	elsif o_staff is null then
		select x.staff_id into o_staff from answerd.staff_email x where x.email = v_claim;
	end if;
	if o_staff is null and p_unknown <> '' then
		v_login := answerd.oidc_login(v_claim);
		if v_login is null or exists (select from answerd.staff x where x.login = v_login) then
			o_failure := 'taken';
			return;
		end if;
		select (answerd.staff_add(0, v_login, nullif(btrim(regexp_replace(coalesce(v.full_name, ''), '[[:cntrl:]]', '', 'g')), ''), p_unknown, null) ->> 'id')::bigint into o_staff;
		if not p_is_login then
			insert into answerd.staff_email (staff_id, email) values (o_staff, v_claim);
		end if;
	end if;
	if o_staff is null then
		o_failure := 'unknown';
		return;
	end if;
	select * into s from answerd.staff x where x.staff_id = o_staff for update;
	if s.disabled_at is not null then
		o_failure := 'disabled';
	elsif exists (select from answerd.staff_oidc x where x.staff_id = o_staff and x.issuer = v.issuer and x.account <> v_account) then
		o_failure := 'other';
	else
		insert into answerd.staff_oidc (account, staff_id, issuer, made_at) values (v_account, o_staff, v.issuer, answerd.now())
		on conflict (account) do nothing;
	end if;
end $$;

-- oidc_done(flow, try, match, unknown, hash, old, address, require, late): is it judged? o_session is the answer, o_failure why there is none;
-- neither: not yet. p_old: the session that this browser has; where it is the same person's it goes on under the new key, and lives no longer.
create or replace function answerd.oidc_done(p_flow bigint, p_try bigint, p_is_login bool, p_unknown text, p_hash text, p_old text, p_address text,
	p_require text, p_late bool, out o_session jsonb, out o_failure text, out o_claim text, out o_staff bigint, out o_detail text)
language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.oidc_flow;
	v_old answerd.staff_session;
begin
	select * into v from answerd.oidc_flow where flow_id = p_flow for update;
	if v.flow_id is null then
		o_failure := 'replayed';
	elsif v.step <> 'judged' and not p_late then
		return;
	elsif v.step <> 'judged' then
		o_failure := 'slow';
	else
		o_failure := v.failure;
		o_claim := v.claim;
		o_detail := v.detail;
	end if;
	delete from answerd.oidc_flow where flow_id = p_flow;
	if o_failure is null then
		select x.o_staff, x.o_failure into o_staff, o_failure from answerd.oidc_staff(v, p_is_login, p_unknown) x;
	end if;
	if o_failure is not null then
		perform answerd.oidc_refused(p_try, o_staff, p_address, v.provider, o_failure, v.detail);
		return;
	end if;
	delete from answerd.sign_in_try where try_id = p_try;
	delete from answerd.staff_session where hash = p_old returning * into v_old;
	perform answerd.session_made(o_staff, p_hash, 'oidc', p_address, false, case when v_old.staff_id = o_staff then v_old.made_at end);
	-- Fresh is who has just proved who they are: the service says when that was, or nobody does.
	update answerd.staff_session set fresh_at = case when v.proved_at < answerd.now() then v.proved_at when v.proved_at is not null then answerd.now() end where hash = p_hash;
	perform answerd.audited(0, 'staff:' || o_staff, case when v_old.staff_id = o_staff then 'sign_in_again' else 'sign_in' end, 'staff:' || o_staff,
		jsonb_build_object('auth', 'oidc', 'provider', v.provider, 'address', answerd.house_mark('address ' || p_address)));
	o_session := answerd.session_json(o_staff, p_hash, null, p_require)::jsonb || jsonb_build_object('place', v.place);
end $$;

-- staff_email(actor, login, email): by which sign-in services name them; '' or null: by none. Which account of a service is theirs is forgotten,
-- and is known anew with the next sign-in.
create or replace function answerd.staff_email(p_actor bigint, p_login text, p_email text) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.staff;
	v_email text := nullif(lower(btrim(p_email)), '');
begin
	if v_email !~ '^[^@[:space:][:cntrl:]]{1,64}@[^@[:space:][:cntrl:]]{1,190}$' then
		perform answerd.refuse('AN400', 'That is no e-mail address: write it as in ann@acme.example.');
	end if;
	select * into v from answerd.staff where login = p_login for update;
	if not found then
		perform answerd.refuse('AN404', format('There is no staff member %s. answer staff list names them.', p_login));
	end if;
	if exists (select from answerd.staff_email where email = v_email and staff_id <> v.staff_id) then
		perform answerd.refuse('AN409', format('That address is staff member %s''s.',
			(select s.login from answerd.staff_email e join answerd.staff s using (staff_id) where e.email = v_email)));
	end if;
	delete from answerd.staff_oidc where staff_id = v.staff_id;
	delete from answerd.staff_email where staff_id = v.staff_id;
	if v_email is not null then
		insert into answerd.staff_email (staff_id, email) values (v.staff_id, v_email);
	end if;
	perform answerd.audited(0, 'staff:' || p_actor, 'staff_email', 'staff:' || v.staff_id, jsonb_build_object('is_set', v_email is not null));
	return (answerd.staff_json(v)::jsonb || jsonb_build_object('email', v_email))::json;
end $$;
