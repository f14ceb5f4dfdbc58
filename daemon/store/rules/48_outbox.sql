-- The outbox: from "queued" to "sent", or to somebody who knows why not (RELIABILITY I3). What staff do with replies is
-- 53_replies.sql. Settle times and ages of keys are of the platforms' world: answerd.now(). Leases of attempts and looks are facts
-- of living sessions: now(). Whoever settles a reply locks the account's row first, then the reply (I2).

-- The order in which a key is read: 13 digits of 64 bits, microseconds first (a TID, as Bluesky names records).
create or replace function answerd.tid(p_at timestamptz, p_n bigint) returns text language sql stable set search_path = pg_catalog as $$
	select string_agg(substr('234567abcdefghijklmnopqrstuvwxyz', ((v >> (60 - 5 * i)) & 31)::int + 1, 1), '' order by i)
	from (select ((answerd.us(p_at) & 9007199254740991) << 10) | (p_n & 1023) as v) x cross join generate_series(0, 12) i
$$;

-- reply_key(id): its key, of this instant by the platforms' clock: also of several that are made in one transaction.
create or replace function answerd.reply_key(p_id bigint) returns text language sql volatile set search_path = pg_catalog as $$
	select answerd.tid(answerd.now() + (clock_timestamp() - now()), p_id)
$$;

-- sender_is_gone(sender): its session has ended, provably: nobody holds its lock.
create or replace function answerd.sender_is_gone(p_sender int) returns bool language sql volatile set search_path = pg_catalog as $$
	select not exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = 1634628451 and l.objid = p_sender::oid
		and l.objsubid = 2 and l.granted and l.database = (select d.oid from pg_database d where d.datname = current_database()))
$$;

-- reply_label(reply): how a person names it in a sentence.
create or replace function answerd.reply_label(r answerd.reply) returns text language sql stable set search_path = pg_catalog as $$
	select format('reply %s to conversation %s', r.reply_id, r.conversation_id)
$$;

-- reply_goes(reply, state, actor, why): the one place where a reply's state changes; what happened is kept. why: parts (08_said.sql), none with a time.
drop function if exists answerd.reply_goes(int, bigint, answerd.reply_state, text, text);
create or replace function answerd.reply_goes(p_brand int, p_reply bigint, p_state answerd.reply_state, p_actor text, p_why jsonb)
returns void language plpgsql set search_path = pg_catalog as $$
declare
	v_conversation bigint;
	v_reason text := answerd.said(p_why, 'UTC');
begin
	update answerd.reply set state = p_state, state_since = case when state = p_state then state_since else answerd.now() end, reason = v_reason, reason_parts = p_why,
		unknown_at = case when p_state in ('unknown', 'reconciling', 'needs_human') then coalesce(unknown_at, answerd.now()) end,
		looks = case when p_state in ('unknown', 'reconciling') then looks else 0 end,
		look_until = null, looker = null,
		must_look = must_look and p_state = 'queued'
	where reply_id = p_reply and brand_id = p_brand returning conversation_id into v_conversation;
	insert into answerd.reply_event (brand_id, reply_id, at, actor, what, note)
	values (p_brand, p_reply, answerd.now(), p_actor, p_state::text, v_reason);
	perform answerd.fed('reply.' || p_state, r.brand_id, r.account_id, r.conversation_id, null, r.reply_id, p_actor, v_reason)
	from answerd.reply r where r.reply_id = p_reply and r.brand_id = p_brand;
	perform pg_notify('answerd_reply', '');
	perform pg_notify('answerd_event', 'reply:' || p_reply || ' conversation:' || v_conversation);
end $$;

-- reply_needs_human(reply, why): it is loud from here on; only a person ends it.
drop function if exists answerd.reply_needs_human(answerd.reply, text);
create or replace function answerd.reply_needs_human(r answerd.reply, p_why jsonb) returns void language plpgsql set search_path = pg_catalog as $$
begin
	perform answerd.reply_goes(r.brand_id, r.reply_id, 'needs_human', 'worker', p_why);
	perform answerd.raise_said('deaf', 'reply:' || r.reply_id, r.brand_id, r.account_id, null,
		jsonb_build_array(jsonb_build_object('code', 'reply_lost', 'reply', r.reply_id::text, 'conversation', r.conversation_id::text, 'why', p_why)));
end $$;

-- reply_own_message(reply, id, permalink): our message stands in the house as soon as the platform has confirmed it, through the same
-- rules as everything that is heard. When a poll brings it, ingest puts the platform's words in its place (hash 0 marks it).
create or replace function answerd.reply_own_message(r answerd.reply, p_id text, p_permalink text) returns void language plpgsql
set search_path = pg_catalog as $$
declare
	a answerd.account;
	m answerd.message;
	v_parent answerd.message;
	v_author bigint;
	v_now timestamptz := answerd.now();
	-- When it was posted, not when we heard of it: what the customer said in between is not answered by it.
	v_at timestamptz := least(v_now, (select case when count(*) = 1 then r.begun_at else v_now - (now() - max(t.begun_at)) end
		from answerd.attempt t where t.reply_id = r.reply_id and t.brand_id = r.brand_id));
	v record;
begin
	select * into v_parent from answerd.message where external_id = r.parent_id and account_id = r.account_id and brand_id = r.brand_id;
	select * into m from answerd.message where external_id = p_id and account_id = r.account_id and brand_id = r.brand_id;
	if found then
		-- It was heard before it was known to be this reply: it hangs where it answers, wherever the platform shows it.
		if m.direction = 'outbound' and m.parent_id is distinct from r.parent_id and v_parent.external_id is not null then
			update answerd.message set parent_id = r.parent_id, thread_id = v_parent.thread_id, merged_root = v_parent.merged_root
			where external_id = p_id and account_id = r.account_id and brand_id = r.brand_id;
			select * into v from answerd.rethread(r.brand_id, r.account_id, array[p_id, r.parent_id]);
			perform answerd.recompute(r.brand_id, r.account_id, v.o_root, v.o_customer, v.o_make);
		end if;
		return;
	end if;
	select * into a from answerd.account where account_id = r.account_id and brand_id = r.brand_id;
	insert into answerd.identity (brand_id, realm, external_id, handle, name, first_seen_at)
	values (r.brand_id, a.realm, a.own_id, a.own_handle, a.own_name, v_now) on conflict do nothing;
	select identity_id into v_author from answerd.identity where external_id = a.own_id and realm = a.realm and brand_id = r.brand_id;
	insert into answerd.message (brand_id, account_id, author_id, customer_id, posted_at, at, ord_at, first_seen_at, hash, kind, direction,
		nature, visibility, is_named, is_about, is_automatic, is_imported, is_to_us, external_id, parent_id, thread_id, merged_root, root_id, body,
		warning, language, permalink)
	values (r.brand_id, r.account_id, v_author, coalesce(v_parent.customer_id, r.customer_id), null, v_at,
		answerd.derive_ord('outbound', v_at, v_parent.ord_at), v_now, 0,
		case when v_parent.kind in ('direct', 'comment') then v_parent.kind else 'reply' end, 'outbound', 'neutral', v_parent.visibility, false,
		false, false, false, false, p_id, r.parent_id, v_parent.thread_id, v_parent.merged_root,
		v_parent.root_id, r.words, v_parent.warning, v_parent.language, p_permalink);
	insert into answerd.message_source (brand_id, account_id, source_id, external_id)
	select r.brand_id, r.account_id, s.source_id, p_id from answerd.source s
	where s.account_id = r.account_id and s.brand_id = r.brand_id order by s.name = 'threads' desc, s.source_id limit 1 on conflict do nothing;
	select * into v from answerd.rethread(r.brand_id, r.account_id, array[r.parent_id]);
	perform answerd.recompute(r.brand_id, r.account_id, v.o_root, v.o_customer, v.o_make);
end $$;

-- reply_sent(reply, id, permalink, actor): the platform has confirmed it; only now the wait ends. The caller holds account and reply.
create or replace function answerd.reply_sent(r answerd.reply, p_id text, p_permalink text, p_actor text) returns void language plpgsql
set search_path = pg_catalog as $$
declare
	v_other bigint;
begin
	select reply_id into v_other from answerd.reply where external_id = p_id and account_id = r.account_id and brand_id = r.brand_id
		and reply_id <> r.reply_id;
	if found then
		perform answerd.reply_needs_human(r, jsonb_build_array(jsonb_build_object('code', 'one_post', 'reply', v_other::text)));
		return;
	end if;
	update answerd.reply set external_id = p_id, permalink = coalesce(p_permalink, permalink), sent_at = answerd.now(), not_before = null
	where reply_id = r.reply_id and brand_id = r.brand_id;
	if r.cost_uusd > 0 then
		perform answerd.count_posting(r);
	end if;
	perform answerd.reply_own_message(r, p_id, p_permalink);
	perform answerd.reply_goes(r.brand_id, r.reply_id, 'sent', p_actor, null);
	perform answerd.over_said('reply:' || r.reply_id, jsonb_build_array(jsonb_build_object('code', 'reply_known', 'reply', r.reply_id::text, 'conversation', r.conversation_id::text)),
		r.brand_id);
end $$;

-- reply_unknown(reply, why): nobody knows; it is looked for after the settle time, or by a person where that cannot be done.
drop function if exists answerd.reply_unknown(answerd.reply, text);
create or replace function answerd.reply_unknown(r answerd.reply, p_why jsonb) returns void language plpgsql set search_path = pg_catalog as $$
declare
	p answerd.posting;
begin
	select * into p from answerd.posting where account_id = r.account_id and brand_id = r.brand_id;
	if not p.has_lookup then
		perform answerd.reply_needs_human(r, coalesce(p_why, '[]') || jsonb_build_array(jsonb_build_object('code', 'cannot_ask')));
		return;
	end if;
	perform answerd.reply_goes(r.brand_id, r.reply_id, 'unknown', 'worker', p_why);
	update answerd.reply set not_before = answerd.now() + p.settle_us * interval '1 microsecond'
	where reply_id = r.reply_id and brand_id = r.brand_id;
end $$;

-- respond_begin(holder, last attempt) → sender, is_other: this session posts from now on, and its lock says that it lives. Is this the
-- database that we knew? After a failover, from a backup, or without its marker, an attempt's row may have died with the old one:
-- what is queued is read back before its first byte leaves. So is what was queued before this server started.
create or replace function answerd.respond_begin(p_holder text, p_last_attempt bigint, out o_sender int, out o_is_other bool)
language plpgsql set search_path = pg_catalog as $$
declare
	h answerd.respond_house;
	v_system bigint := (select system_identifier from pg_control_system());
	v_timeline text := substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8);
	v_n bigint;
	v_reply answerd.reply;
begin
	insert into answerd.sender (holder, pid) values (p_holder, pg_backend_pid()) returning sender_id into o_sender;
	perform pg_advisory_lock(1634628451, o_sender);
	delete from answerd.sender s where s.begun_at < now() - interval '30 days' and s.sender_id <> o_sender
		and not exists (select from answerd.attempt t where t.sender_id = s.sender_id and t.ended_at is null);
	select * into h from answerd.respond_house for update;
	if not found then
		insert into answerd.respond_house default values;
	end if;
	o_is_other := (h.system_id is null and exists (select from answerd.attempt)) or (h.system_id, h.timeline) <> (v_system, v_timeline)
		or (p_last_attempt > 0 and not exists (select from answerd.attempt where attempt_id = p_last_attempt));
	o_is_other := coalesce(o_is_other, false);
	update answerd.respond_house set system_id = v_system, timeline = v_timeline where (system_id, timeline) is distinct from (v_system, v_timeline);
	update answerd.reply r set must_look = true,
		not_before = greatest(r.not_before, answerd.now() + p.settle_us * interval '1 microsecond')
	from answerd.posting p
	where r.state = 'queued' and not r.must_look and p.account_id = r.account_id and p.brand_id = r.brand_id
		and (o_is_other or r.stored_at < pg_postmaster_start_time());
	get diagnostics v_n = row_count;
	-- Where nothing can be read back a person looks.
	for v_reply in select y.* from answerd.reply y join answerd.posting p on p.account_id = y.account_id and p.brand_id = y.brand_id
		where y.state = 'queued' and y.must_look and not p.has_lookup order by y.account_id, y.reply_id loop
		perform from answerd.account where account_id = v_reply.account_id and brand_id = v_reply.brand_id for no key update;
		perform answerd.reply_needs_human(v_reply, jsonb_build_array(jsonb_build_object('code', 'older_copy')));
	end loop;
	if o_is_other then
		perform answerd.raise_said('deaf', 'database:' || v_system || ':' || v_timeline || ':' || o_sender, null, null, null,
			jsonb_build_array(jsonb_build_object('code', 'other_database', 'queued', case v_n when 0 then jsonb_build_object('code', 'queued_none') else jsonb_build_object('code', 'queued_some', 'replies', v_n) end)));
	end if;
end $$;

-- declare_replies(configuration): what brands want and what accounts can. Returns how many accounts of it the house knows.
-- In: {"brands": [{"name", "sign", "approval", "repeat_limit", "accounts": [{"name", "is_able", "answers": [], "window_s", "direct_window_s", "key_valid_s",
--     "direct_key_valid_s", "has_lookup", "settle_us", "every_us", "why_unable",
--     "named_only"}]}]}; why_unable is missing or null where it is able.
create or replace function answerd.declare_replies(p jsonb) returns bigint language plpgsql set search_path = pg_catalog as $$
declare
	v_n bigint;
begin
	update answerd.brand b set sign = (x ->> 'sign')::bool, needs_approval = (x ->> 'approval')::bool, repeat_limit = (x ->> 'repeat_limit')::int
	from jsonb_array_elements(p -> 'brands') x
	where b.name = x ->> 'name' and (b.sign, b.needs_approval, b.repeat_limit)
		is distinct from ((x ->> 'sign')::bool, (x ->> 'approval')::bool, (x ->> 'repeat_limit')::int);
	insert into answerd.posting as o (brand_id, account_id, is_able, answers, window_s, key_valid_s, direct_key_valid_s, has_lookup, settle_us, every_us,
		why_unable, named_only, direct_window_s)
	select a.brand_id, a.account_id, (y ->> 'is_able')::bool, array(select jsonb_array_elements_text(y -> 'answers'))::answerd.message_kind[],
		(y ->> 'window_s')::bigint, (y ->> 'key_valid_s')::bigint, coalesce((y ->> 'direct_key_valid_s')::bigint, 0), (y ->> 'has_lookup')::bool,
		(y ->> 'settle_us')::bigint, (y ->> 'every_us')::bigint, y ->> 'why_unable', y ->> 'named_only',
		coalesce((y ->> 'direct_window_s')::bigint, 0)
	from jsonb_array_elements(p -> 'brands') x cross join jsonb_array_elements(x -> 'accounts') y
	join answerd.brand b on b.name = x ->> 'name' join answerd.account a on a.brand_id = b.brand_id and a.name = y ->> 'name'
	order by a.account_id
	on conflict (account_id, brand_id) do update set is_able = excluded.is_able, answers = excluded.answers, window_s = excluded.window_s,
		key_valid_s = excluded.key_valid_s, direct_key_valid_s = excluded.direct_key_valid_s, has_lookup = excluded.has_lookup,
		settle_us = excluded.settle_us, every_us = excluded.every_us, why_unable = excluded.why_unable, named_only = excluded.named_only,
		direct_window_s = excluded.direct_window_s
	where (o.is_able, o.answers, o.window_s, o.key_valid_s, o.direct_key_valid_s, o.has_lookup, o.settle_us, o.every_us, o.why_unable, o.named_only,
			o.direct_window_s) is distinct from
		(excluded.is_able, excluded.answers, excluded.window_s, excluded.key_valid_s, excluded.direct_key_valid_s, excluded.has_lookup,
			excluded.settle_us, excluded.every_us, excluded.why_unable, excluded.named_only, excluded.direct_window_s);
	select count(*) into v_n from jsonb_array_elements(p -> 'brands') x cross join jsonb_array_elements(x -> 'accounts') y
	join answerd.brand b on b.name = x ->> 'name' join answerd.account a on a.brand_id = b.brand_id and a.name = y ->> 'name';
	return v_n;
end $$;

-- attempts_over(sender, flying): whoever takes over may look. The lock of the old sender free: it is gone, at once. Lock held and the lease
-- over: it is frozen, and may yet wake up.
-- What is this sender's own and not among what it says is on its way, it never began: the COMMIT of the intent was not confirmed to it
-- (somebody ended its wait for a replica).
drop function if exists answerd.attempts_over(int);
create or replace function answerd.attempts_over(p_sender int, p_flying bigint[]) returns int language plpgsql set search_path = pg_catalog as $$
declare
	t record;
	r answerd.reply;
	v_gone bool;
	v_unbegun bool;
	v_n int := 0;
begin
	for t in select x.attempt_id, x.reply_id, x.brand_id, x.sender_id, x.until, y.account_id from answerd.attempt x
		join answerd.reply y on y.reply_id = x.reply_id and y.brand_id = x.brand_id
		where x.ended_at is null and (x.sender_id <> p_sender or x.until < now() - interval '1 min' or x.attempt_id <> all (p_flying))
		order by y.account_id, x.reply_id limit 200 loop
		v_unbegun := t.sender_id = p_sender and coalesce(t.attempt_id <> all (p_flying), false);
		v_gone := t.sender_id <> p_sender and answerd.sender_is_gone(t.sender_id);
		continue when not v_gone and not v_unbegun and t.until > now();
		perform from answerd.account where account_id = t.account_id and brand_id = t.brand_id for no key update;
		select * into r from answerd.reply where reply_id = t.reply_id and brand_id = t.brand_id for no key update;
		update answerd.attempt set ended_at = now(), outcome = case when v_unbegun then 'unsent' when v_gone then 'lost' else 'frozen' end
		where attempt_id = t.attempt_id and brand_id = t.brand_id and ended_at is null;
		continue when not found;
		v_n := v_n + 1;
		if r.state = 'posting' and v_unbegun then
			perform answerd.reply_goes(r.brand_id, r.reply_id, 'queued', 'worker', jsonb_build_array(jsonb_build_object('code', 'unbegun')));
		elsif r.state = 'posting' then
			perform answerd.reply_unknown(r, jsonb_build_array(jsonb_build_object('code', case when v_gone then 'worker_ended' else 'worker_frozen' end)));
		end if;
	end loop;
	return v_n;
end $$;

-- respond_claim(sender, brands, accounts, rooms, left, flying) → what to do now, one row each; the intent of every post is committed with it.
-- No more than an account's room of each, and `left` of all: who has most room comes first, so that no account starves another.
-- flying: the attempts that the sender has on their way; null: it does not say.
-- what: 'post', 'look', 'file', or 'wait' (always the last row; wait_us until something is due, null: nothing is).
drop function if exists answerd.respond_claim(int, text[], text[], int[]);
drop function if exists answerd.respond_claim(int, text[], text[], int[], int);
create or replace function answerd.respond_claim(p_sender int, p_brand text[], p_account text[], p_room int[], p_left int default 1000,
	p_flying bigint[] default null)
returns table (what text, attempt_id bigint, reply_id bigint, brand text, account text, brand_id int, account_id int, key text, words text,
	begun_us bigint, parent_id text, parent_revision text, root_id text, root_revision text, thread_id text, author_id text, author_handle text,
	parent_kind text, visibility text, warning text, language text, own_id text, own_handle text, facts text, sealed text, parent_raw text,
	wait_us bigint)
language plpgsql set search_path = pg_catalog as $$
#variable_conflict use_column
declare
	v_now timestamptz := answerd.now();
	v_post bigint[] := '{}';
	v_look bigint[] := '{}';
	v_file bigint[] := '{}';
	v_ids bigint[];
	v_panic bool;
	v record;
	v_wait bigint;
begin
	perform answerd.attempts_over(p_sender, p_flying);
	-- Shared with whoever pulls the brake: after that has answered, nothing new is claimed.
	select h.is_panic into v_panic from answerd.respond_house h for share;
	for v in select a.account_id as a, a.brand_id as b, u.room, p.refused, p.has_lookup,
			p.is_able and a.own_id is not null and a.state <> 'refused' and not v_panic and coalesce(p.post_after <= v_now, true) as may_post
		from unnest(p_brand, p_account, p_room) u(brand, account, room)
		join answerd.brand b on b.name = u.brand
		join answerd.account a on a.brand_id = b.brand_id and a.name = u.account and a.is_configured
		join answerd.posting p on p.account_id = a.account_id and p.brand_id = a.brand_id
		where u.room > 0 and exists (select from answerd.reply r where r.account_id = a.account_id and r.brand_id = a.brand_id
			and r.state not in ('draft', 'sent', 'failed_visible') offset 0)
		order by u.room desc, a.account_id loop
		v.room := least(v.room, p_left - cardinality(v_post) - cardinality(v_look));
		exit when v.room <= 0;
		-- Looks first: an answer may be there already.
		with due as (
			select r.reply_id from answerd.reply r where r.account_id = v.a and r.brand_id = v.b
				and (r.state in ('unknown', 'reconciling') or (r.state = 'queued' and r.must_look))
				and coalesce(r.not_before <= v_now, true)
				and (coalesce(r.look_until < now(), true) or (r.looker <> p_sender and answerd.sender_is_gone(r.looker)))
			order by r.not_before, r.reply_id limit v.room for no key update skip locked
		), moved as (
			update answerd.reply r set looker = p_sender, look_until = now() + interval '60 s',
				state = case when r.state = 'unknown' then 'reconciling' else r.state end,
				state_since = case when r.state = 'unknown' then v_now else r.state_since end
			from due where r.reply_id = due.reply_id and r.brand_id = v.b returning r.reply_id
		)
		select array_agg(m.reply_id) into v_ids from moved m;
		v_look := v_look || coalesce(v_ids, '{}');
		v.room := v.room - coalesce(cardinality(v_ids), 0);
		continue when not v.may_post or v.room <= 0;
		with due as (
			select r.reply_id from answerd.reply r where r.account_id = v.a and r.brand_id = v.b and r.state = 'queued' and not r.must_look
				and coalesce(r.not_before <= v_now, true)
				and (r.part = 1 or exists (select from answerd.reply q where (q.first_id = r.first_id or q.reply_id = r.first_id)
					and q.brand_id = r.brand_id and q.part = r.part - 1 and q.state = 'sent'))
				-- It does not let us post: one reply probes.
				and (v.refused is null or not exists (select from answerd.reply q where q.account_id = v.a and q.brand_id = v.b
					and q.state = 'posting'))
			order by r.queued_at, r.reply_id limit case when v.refused is null then v.room else 1 end for no key update skip locked
		), moved as (
			update answerd.reply r set state = 'posting', state_since = v_now, begun_at = coalesce(r.begun_at, v_now), not_before = null, reason = null, reason_parts = null
			from due where r.reply_id = due.reply_id and r.brand_id = v.b returning r.reply_id
		), intent as (
			insert into answerd.attempt as t (brand_id, reply_id, sender_id, until)
			select v.b, m.reply_id, p_sender, now() + interval '30 s' from moved m returning t.attempt_id
		)
		select array_agg(i.attempt_id) into v_ids from intent i;
		v_post := v_post || coalesce(v_ids, '{}');
	end loop;
	if exists (select from answerd.filing) then
		v_file := answerd.filing_claim(p_sender, p_brand, p_account, p_left - cardinality(v_post) - cardinality(v_look));
	end if;
	-- When to come again by itself; a NOTIFY brings what is new.
	select min(greatest(0, extract(epoch from greatest(r.not_before, case when r.state = 'queued' and not r.must_look then p.post_after end) - v_now)
			* 1000000))::bigint into v_wait
	from unnest(p_brand, p_account) u(brand, account)
	join answerd.brand b on b.name = u.brand join answerd.account a on a.brand_id = b.brand_id and a.name = u.account
	join answerd.posting p on p.account_id = a.account_id and p.brand_id = a.brand_id
	join answerd.reply r on r.account_id = a.account_id and r.brand_id = a.brand_id and r.state in ('queued', 'unknown', 'reconciling')
		and coalesce(r.look_until < now(), true) and greatest(r.not_before, p.post_after) > v_now;
	return query
		with chosen as (
			select 'post' as what, t.attempt_id, t.reply_id as id, t.brand_id as b from answerd.attempt t where t.attempt_id = any (v_post)
			union all
			select 'look', 0, y.reply_id, y.brand_id from answerd.reply y where y.reply_id = any (v_look)
			union all
			select 'file', 0, y.reply_id, y.brand_id from answerd.reply y where y.reply_id = any (v_file)
		)
		select c.what, c.attempt_id, r.reply_id, b.name, a.name, a.brand_id, a.account_id, r.key, r.words,
			answerd.us(coalesce(r.begun_at, r.queued_at)), r.parent_id, m.revision, top.external_id, top.revision, m.thread_id,
			i.external_id, i.handle, m.kind::text, m.visibility::text, m.warning, m.language, a.own_id, a.own_handle, a.facts, k.sealed,
			raw.raw, null::bigint
		from chosen c join answerd.reply r on r.reply_id = c.id and r.brand_id = c.b
		join answerd.account a on a.account_id = r.account_id and a.brand_id = r.brand_id
		join answerd.brand b on b.brand_id = r.brand_id
		left join answerd.credential k on k.account_id = r.account_id and k.brand_id = r.brand_id
		left join lateral (select m.* from answerd.message m where m.external_id = r.parent_id and m.account_id = r.account_id
			and m.brand_id = r.brand_id limit 1) m on true
		left join lateral (select i.external_id, i.handle from answerd.identity i where i.identity_id = m.author_id and i.brand_id = m.brand_id
			limit 1) i on true
		left join lateral (select w.raw from answerd.message_raw w where w.external_id = r.parent_id and w.account_id = r.account_id
			and w.brand_id = r.brand_id order by w.stored_at desc limit 1) raw on true
		left join lateral answerd.thread_top(r.brand_id, r.account_id, r.parent_id) top on true
		order by 1, 3;
	return query select 'wait', null::bigint, null::bigint, null::text, null::text, null::int, null::int, null::text, null::text, null::bigint,
		null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text, null::text,
		null::text, null::text, null::text, null::text, null::text, v_wait;
end $$;

-- thread_top(brand, account, message) → the message at the very top of its thread, ours and others' included; null where a parent was
-- never seen.
create or replace function answerd.thread_top(p_brand int, p_account int, p_id text, out external_id text, out revision text)
language sql stable set search_path = pg_catalog as $$
	with recursive up as (
		select m.external_id, m.parent_id, m.revision, 1 as depth from answerd.message m where m.external_id = p_id and m.account_id = p_account
			and m.brand_id = p_brand
		union all
		select p.external_id, p.parent_id, p.revision, up.depth + 1 from up
		cross join lateral (select p.external_id, p.parent_id, p.revision from answerd.message p where p.external_id = up.parent_id
			and p.account_id = p_account and p.brand_id = p_brand limit 1) p
		where up.depth < 1000
	)
	select u.external_id, u.revision from up u where u.parent_id is null limit 1
$$;

-- reply_outcome(…): what became of one attempt. A definite answer counts even when it comes late and another has taken over; "sent"
-- always does. not_before_us: with 'limited'. to_file: with 'sent', a copy is to be filed (49_filing.sql).
drop function if exists answerd.reply_outcome(int, bigint, bigint, text, text, text, text, bigint);
create or replace function answerd.reply_outcome(p_brand int, p_reply bigint, p_attempt bigint, p_outcome text, p_id text, p_permalink text,
	p_reason text, p_not_before_us bigint, p_to_file bool default false) returns text language plpgsql set search_path = pg_catalog as $$
declare
	r answerd.reply;
	p answerd.posting;
	v_account int := (select account_id from answerd.reply where reply_id = p_reply and brand_id = p_brand);
	v_was_live bool;
	v_may_move bool;
	v_now timestamptz := answerd.now();
	v_why jsonb := answerd.parts_of(p_reason);
begin
	perform from answerd.account where account_id = v_account and brand_id = p_brand for no key update;
	select * into r from answerd.reply where reply_id = p_reply and brand_id = p_brand for no key update;
	if not found then
		return 'gone';
	end if;
	update answerd.attempt set ended_at = now(), outcome = p_outcome where attempt_id = p_attempt and brand_id = p_brand and ended_at is null;
	v_was_live := found;
	if p_outcome <> 'unknown' then
		-- It came late: what was written down for it meanwhile is put right.
		update answerd.attempt set outcome = p_outcome where attempt_id = p_attempt and brand_id = p_brand;
	end if;
	if r.state = 'sent' then
		return 'sent';
	end if;
	if p_outcome = 'sent' then
		update answerd.attempt set ended_at = now(), outcome = 'sent' where reply_id = p_reply and brand_id = p_brand and ended_at is null;
		perform answerd.reply_sent(r, p_id, p_permalink, 'worker');
		perform answerd.posting_allowed(p_brand, v_account);
		if p_to_file and (select y.state from answerd.reply y where y.reply_id = p_reply and y.brand_id = p_brand) = 'sent' then
			perform answerd.filing_begin(r);
		end if;
		return 'sent';
	end if;
	-- The reply still waits for this attempt, and for no other one.
	v_may_move := (v_was_live and r.state = 'posting') or (not v_was_live and r.state in ('unknown', 'reconciling')
		and p_attempt = (select max(t.attempt_id) from answerd.attempt t where t.reply_id = p_reply and t.brand_id = p_brand));
	if not v_may_move then
		return r.state::text;
	end if;
	select * into p from answerd.posting where account_id = v_account and brand_id = p_brand;
	case p_outcome
	when 'unsent' then
		perform answerd.reply_goes(p_brand, p_reply, 'queued', 'worker', v_why);
		update answerd.reply set tries = tries + 1,
			not_before = v_now + (0.05 + random() * least(60, 2 ^ least(tries, 6)) * 0.5) * interval '1 second'
		where reply_id = p_reply and brand_id = p_brand;
	when 'limited' then
		perform answerd.reply_goes(p_brand, p_reply, 'queued', 'worker', v_why);
		update answerd.posting set post_after = least(answerd.from_us(p_not_before_us), v_now + interval '1 hour')
		where account_id = v_account and brand_id = p_brand;
	when 'auth' then
		perform answerd.reply_goes(p_brand, p_reply, 'queued', 'worker', v_why);
		perform answerd.posting_refused(p_brand, v_account, p_reason);
	when 'refused' then
		perform answerd.reply_goes(p_brand, p_reply, 'failed_visible', 'worker', v_why);
		perform answerd.posting_allowed(p_brand, v_account);
	else
		perform answerd.reply_unknown(r, v_why);
	end case;
	return (select state::text from answerd.reply where reply_id = p_reply and brand_id = p_brand);
end $$;

-- posting_refused / posting_allowed: the account is not let in to post; what is queued stays queued, and one reply probes.
create or replace function answerd.posting_refused(p_brand int, p_account int, p_reason text) returns void language plpgsql
set search_path = pg_catalog as $$
begin
	update answerd.posting set refused = p_reason, refused_at = coalesce(refused_at, answerd.now()),
		post_after = answerd.now() + greatest(every_us * interval '1 microsecond', interval '60 s')
	where account_id = p_account and brand_id = p_brand;
	perform answerd.raise_said('deaf', 'posting:' || p_account, p_brand, p_account, null,
		jsonb_build_array(jsonb_build_object('code', 'posting_paused', 'account', (select name from answerd.account where account_id = p_account and brand_id = p_brand), 'why', answerd.part_of(p_reason))));
end $$;
create or replace function answerd.posting_allowed(p_brand int, p_account int) returns void language plpgsql set search_path = pg_catalog as $$
begin
	update answerd.posting set refused = null, refused_at = null, post_after = null
	where account_id = p_account and brand_id = p_brand and refused is not null;
	if found then
		perform answerd.over_said('posting:' || p_account,
			jsonb_build_array(jsonb_build_object('code', 'posting_again', 'account', (select name from answerd.account where account_id = p_account and brand_id = p_brand))), p_brand);
	end if;
end $$;

-- reply_looked(…): one read-back. id: that of the post that is ours; null: it is not in what was read. failure: it could not be read.
-- Read at settle, 2 and 3 × settle after it became unknown; then, absent still, it is sent again by itself only where a key of ours
-- makes a second copy impossible and no earlier sender can be alive; else a person decides.
create or replace function answerd.reply_looked(p_brand int, p_reply bigint, p_sender int, p_id text, p_permalink text, p_failure text)
returns text language plpgsql set search_path = pg_catalog as $$
declare
	r answerd.reply;
	p answerd.posting;
	v_account int := (select account_id from answerd.reply where reply_id = p_reply and brand_id = p_brand);
	v_now timestamptz := answerd.now();
	v_settle interval;
	v_stuck int;
	v_unread jsonb := jsonb_build_array(jsonb_build_object('code', 'look_failed', 'failure', answerd.part_of(p_failure)));
begin
	perform from answerd.account where account_id = v_account and brand_id = p_brand for no key update;
	select * into r from answerd.reply where reply_id = p_reply and brand_id = p_brand for no key update;
	if not found or r.state not in ('unknown', 'reconciling', 'queued') or (r.state = 'queued' and not r.must_look) then
		return r.state::text; -- a late outcome, or a person, was faster
	end if;
	if p_id is not null then
		perform answerd.reply_sent(r, p_id, p_permalink, 'worker');
		return 'sent';
	end if;
	if r.looker is distinct from p_sender then
		return r.state::text; -- another one looks by now
	end if;
	select * into p from answerd.posting where account_id = v_account and brand_id = p_brand;
	v_settle := p.settle_us * interval '1 microsecond';
	update answerd.reply set look_until = null, looker = null, looks = looks + (p_failure is null)::int,
		not_before = v_now + case when p_failure is null then v_settle else least(greatest(v_settle / 2, interval '1 s'), interval '30 s') end,
		reason = case when p_failure is null then r.reason else answerd.said(v_unread, 'UTC') end, reason_parts = case when p_failure is null then r.reason_parts else v_unread end
	where reply_id = p_reply and brand_id = p_brand returning * into r;
	if r.state = 'queued' then
		if p_failure is null then
			update answerd.reply set must_look = false, looks = 0, not_before = null where reply_id = p_reply and brand_id = p_brand;
			perform pg_notify('answerd_reply', '');
		elsif r.state_since < v_now - interval '12 min' and r.queued_at < v_now - interval '12 min' then
			perform answerd.reply_needs_human(r, jsonb_build_array(jsonb_build_object('code', 'older_unread', 'failure', answerd.part_of(p_failure))));
		end if;
		return 'queued';
	end if;
	if p_failure is not null then
		if r.unknown_at < v_now - interval '12 min' then
			perform answerd.reply_needs_human(r, jsonb_build_array(jsonb_build_object('code', 'look_unread', 'failure', answerd.part_of(p_failure))));
			return 'needs_human';
		end if;
		return 'reconciling';
	end if;
	if r.looks < 3 and v_now < r.unknown_at + 3 * v_settle then
		return 'reconciling';
	end if;
	if r.looks < 2 then
		return 'reconciling';
	end if;
	-- Attempts whose end their own sender wrote down are over. Of the others the session must be gone, and the lease over: a transfer
	-- whose session broke may have gone on until then.
	select count(*) into v_stuck from answerd.attempt t where t.reply_id = p_reply and t.brand_id = p_brand
		and t.outcome in ('lost', 'frozen') and not answerd.sender_is_gone(t.sender_id);
	if v_stuck > 0 then
		perform answerd.reply_needs_human(r, jsonb_build_array(jsonb_build_object('code', 'absent_frozen')));
		return 'needs_human';
	end if;
	if exists (select from answerd.attempt t where t.reply_id = p_reply and t.brand_id = p_brand and t.until > now()
		and t.outcome in ('lost', 'frozen')) then
		return 'reconciling';
	end if;
	-- A direct message may go another way than a post, and without a key (Bluesky's do).
	if coalesce((select m.visibility = 'private' from answerd.message m where m.external_id = r.parent_id and m.account_id = r.account_id
			and m.brand_id = r.brand_id limit 1), true) then
		p.key_valid_s := p.direct_key_valid_s;
	end if;
	if p.key_valid_s = 0 or (p.key_valid_s < 9000000000000000000 and v_now > r.begun_at + least(p.key_valid_s, 3000) * interval '1 second') then
		perform answerd.reply_needs_human(r, jsonb_build_array(jsonb_build_object('code', case when p.key_valid_s = 0 then 'absent_no_key' else 'absent_old_key' end)));
		return 'needs_human';
	end if;
	perform answerd.reply_goes(p_brand, p_reply, 'queued', 'worker', jsonb_build_array(jsonb_build_object('code', 'sent_again', 'looks', r.looks)));
	update answerd.reply set not_before = null where reply_id = p_reply and brand_id = p_brand;
	return 'queued';
end $$;

-- forget_stubs(brand, account, ids) → where they stood: messages of ours that stand in for what the platform has now shown. The caller
-- holds the account, and recomputes.
create or replace function answerd.forget_stubs(p_brand int, p_account int, p_ids text[]) returns table (root_id text, customer_id bigint)
language sql set search_path = pg_catalog as $$
	delete from answerd.message_source s where s.external_id = any (p_ids) and s.account_id = p_account and s.brand_id = p_brand;
	delete from answerd.message m where m.external_id = any (p_ids) and m.account_id = p_account and m.brand_id = p_brand and m.hash = 0
		and m.direction = 'outbound'
	returning m.root_id, m.customer_id;
$$;
