-- Sessions with platforms (RELIABILITY S1, I13). Many platforms take a refresh token once, and end everything when it comes twice:
-- one worker at a time renews a session, with the newest refresh token, and what it got is committed before it is used.
-- Claims use now(), never the test clock: they are facts of this machine.

-- session_claim(brand, account, epoch, seq): may we renew the session that we know as `seq` (0: none)? o_what:
-- 'yours' until a minute has passed or session_store() or session_release() end it; 'newer': somebody was faster, take o_sealed;
-- 'wait' o_wait_us, somebody is at it; 'stale': the account is no longer ours. o_is_unsure: an answer to the last attempt was lost.
create or replace function answerd.session_claim(p_brand int, p_account int, p_epoch bigint, p_seq bigint, out o_what text, out o_claim bigint,
	out o_wait_us bigint, out o_sealed text, out o_until bigint, out o_seq bigint, out o_is_unsure bool) language plpgsql
set search_path = pg_catalog, answerd as $$
declare
	c_most constant interval := '60 s'; -- of one attempt: longer than a question may take
	v answerd.credential;
begin
	perform from answerd.account where account_id = p_account and brand_id = p_brand and epoch = p_epoch for key share;
	if not found then
		o_what := 'stale';
		return;
	end if;
	insert into answerd.credential (brand_id, account_id, seq) values (p_brand, p_account, 0) on conflict do nothing;
	select * into v from answerd.credential where account_id = p_account and brand_id = p_brand for update;
	o_sealed := v.sealed;
	o_until := answerd.us(v.until);
	o_seq := v.seq;
	if v.seq > p_seq then
		o_what := 'newer';
	elsif v.claimed_at > now() - c_most then
		o_what := 'wait';
		o_wait_us := (extract(epoch from v.claimed_at + c_most - now()) * 1000000)::bigint;
	else
		-- A claim that nobody ended: its worker died between the question and the commit.
		update answerd.credential set claim = v.claim + 1, claimed_at = now(),
			unsure_at = case when v.claimed_at is not null then coalesce(v.unsure_at, v.claimed_at) else v.unsure_at end
		where account_id = p_account and brand_id = p_brand returning claim, unsure_at is not null into o_claim, o_is_unsure;
		o_what := 'yours';
	end if;
end $$;

-- session_store(brand, account, seq, …) → the new seq, or null: there is a newer session than the one that this was made of. Not bound to
-- epoch and claim: a platform that has renewed a session has ended the one before, so the answer counts, however late it is.
create or replace function answerd.session_store(p_brand int, p_account int, p_seq bigint, p_sealed text, p_until bigint, p_token_until bigint)
returns bigint language sql set search_path = pg_catalog, answerd as $$
	update answerd.account a set token_until = answerd.from_us(p_token_until)
	from answerd.credential c
	where a.account_id = p_account and a.brand_id = p_brand and c.account_id = p_account and c.brand_id = p_brand and c.seq = p_seq
		and p_token_until is not null and a.token_until is distinct from answerd.from_us(p_token_until);
	update answerd.credential set sealed = p_sealed, until = answerd.from_us(p_until), seq = seq + 1, claimed_at = null, unsure_at = null,
		token_until = coalesce(answerd.from_us(p_token_until), token_until)
	where account_id = p_account and brand_id = p_brand and seq = p_seq returning seq;
$$;

-- session_release(brand, account, claim, is_unsure): it was not renewed; is_unsure: or perhaps it was.
create or replace function answerd.session_release(p_brand int, p_account int, p_claim bigint, p_is_unsure bool) returns void language sql
set search_path = pg_catalog, answerd as $$
	update answerd.credential set claimed_at = null, unsure_at = case when p_is_unsure then coalesce(unsure_at, now()) else unsure_at end
	where account_id = p_account and brand_id = p_brand and claim = p_claim;
$$;

-- connect_find(brand, account, platform, server, realm, is_time_authors, every_us) → what a person who lets us in must be compared with. The
-- account's row is made where the worker has not seen it yet; the worker's declaration completes it.
create or replace function answerd.connect_find(p_brand text, p_account text, p_platform text, p_server text, p_realm text, p_is_time_authors bool,
	p_every bigint) returns table (brand_id int, account_id int, own_id text, own_handle text, facts text) language plpgsql
set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
begin
	perform pg_advisory_xact_lock(hashtext('answerd.declare'));
	insert into answerd.brand (name) values (p_brand) on conflict (name) do nothing;
	insert into answerd.account (brand_id, name, platform, server, realm, is_time_authors, every_us)
	select b.brand_id, p_account, p_platform, p_server, p_realm, p_is_time_authors, p_every from answerd.brand b where b.name = p_brand
	on conflict (name, brand_id) do nothing;
	return query select a.brand_id, a.account_id, a.own_id, a.own_handle, a.facts from answerd.account a join answerd.brand b on b.brand_id = a.brand_id where a.name = p_account and b.name = p_brand;
end $$;

-- connect_store(…) → 'ok', or 'other': it is another user than before, and p_is_other is not said. What somebody renews at this moment loses.
create or replace function answerd.connect_store(p_brand int, p_account int, p_sealed text, p_until bigint, p_token_until bigint, p_own_id text,
	p_own_handle text, p_own_name text, p_facts text, p_missing text, p_is_other bool) returns text language plpgsql
set search_path = pg_catalog, answerd as $$
declare
	v_own text;
begin
	select own_id into v_own from answerd.account where account_id = p_account and brand_id = p_brand for no key update;
	if v_own is not null and p_own_id is not null and v_own <> p_own_id and not p_is_other then
		return 'other';
	end if;
	update answerd.account set own_id = coalesce(p_own_id, own_id), own_handle = coalesce(p_own_handle, own_handle),
		own_name = coalesce(p_own_name, own_name), facts = coalesce(p_facts, facts), missing = p_missing, token_until = answerd.from_us(p_token_until)
	where account_id = p_account and brand_id = p_brand;
	insert into answerd.credential as c (brand_id, account_id, sealed, until, token_until, connected_at)
	values (p_brand, p_account, p_sealed, answerd.from_us(p_until), answerd.from_us(p_token_until), now())
	on conflict (account_id, brand_id) do update set sealed = excluded.sealed, until = excluded.until, seq = c.seq + 1, claimed_at = null,
		unsure_at = null, token_until = excluded.token_until, connected_at = excluded.connected_at;
	return 'ok';
end $$;
