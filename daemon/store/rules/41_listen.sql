-- What the worker asks and tells while it listens. Leases: 43_leases.sql.

-- declare(configuration) → one row a source: what the file says becomes rows; what it no longer says is marked, never deleted.
-- In: {"brands": [{"name", "timezone", "hours": [], "holidays": [[begins, ends, name]], "accounts": [{"name", "platform", "server",
--     "realm", "is_time_authors", "every_us", "reading_costs",
--     "monthly_reads", "monthly_usd", "sources": []}]}], "policies": [as declare_policies has it], "health": {"notify": [], "silent_us"}}.
-- The sources "threads" and "rechecks" exist on every account. A brand whose time zone this server does not know keeps the one it
-- had, or UTC, and is listened to all the same; a row without an account says so, the zone as its source.
create or replace function answerd.declare(p jsonb) returns table (brand text, account text, source text, brand_id int,
	account_id int, source_id int) language plpgsql set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
begin
	perform answerd.raw_months();
	-- Two workers that start at once take turns.
	perform pg_advisory_xact_lock(hashtext('answerd.declare'));
	insert into answerd.brand as b (name, timezone, hours, refused_zone)
	select x ->> 'name', case when z.is_known then z.name when o.timezone <> z.name and answerd.is_zone(o.timezone) then o.timezone else 'UTC' end,
		array(select jsonb_array_elements_text(x -> 'hours')), case when not z.is_known then z.name end
	from jsonb_array_elements(p -> 'brands') x
	cross join lateral (select n as name, answerd.is_zone(n) as is_known from (select coalesce(x ->> 'timezone', 'UTC') as n) y offset 0) z
	left join answerd.brand o on o.name = x ->> 'name'
	on conflict (name) do update set timezone = excluded.timezone, hours = excluded.hours, refused_zone = excluded.refused_zone, is_configured = true
	where (b.timezone, b.hours, b.refused_zone, b.is_configured) is distinct from (excluded.timezone, excluded.hours, excluded.refused_zone, true);
	update answerd.brand b set is_configured = false where b.is_configured
		and not exists (select from jsonb_array_elements(p -> 'brands') x where x ->> 'name' = b.name);
	insert into answerd.account as a (brand_id, name, platform, server, realm, is_time_authors, every_us, reading_costs, monthly_reads, monthly_usd)
	select b.brand_id, y ->> 'name', y ->> 'platform', y ->> 'server', y ->> 'realm', (y ->> 'is_time_authors')::bool,
		(y ->> 'every_us')::bigint, coalesce((y ->> 'reading_costs')::bool, false), coalesce((y ->> 'monthly_reads')::bigint, 0),
		coalesce((y ->> 'monthly_usd')::bigint, 0)
	from jsonb_array_elements(p -> 'brands') x cross join jsonb_array_elements(x -> 'accounts') y
	join answerd.brand b on b.name = x ->> 'name'
	on conflict (name, brand_id) do update set server = excluded.server, realm = excluded.realm,
		platform = excluded.platform, every_us = excluded.every_us, is_time_authors = excluded.is_time_authors,
		reading_costs = excluded.reading_costs, monthly_reads = excluded.monthly_reads,
		monthly_usd = excluded.monthly_usd, is_configured = true
	where (a.server, a.realm, a.platform, a.every_us, a.is_time_authors, a.reading_costs, a.monthly_reads, a.monthly_usd, a.is_configured) is distinct from
		(excluded.server, excluded.realm, excluded.platform, excluded.every_us, excluded.is_time_authors, excluded.reading_costs,
			excluded.monthly_reads, excluded.monthly_usd, true);
	with said as materialized (
		select x ->> 'name' as brand, y ->> 'name' as account
		from jsonb_array_elements(p -> 'brands') x cross join jsonb_array_elements(x -> 'accounts') y
	)
	update answerd.account a set is_configured = false from answerd.brand b where b.brand_id = a.brand_id and a.is_configured
		and not exists (select from said where said.brand = b.name and said.account = a.name);
	insert into answerd.source as s (brand_id, account_id, name)
	select a.brand_id, a.account_id, z.name
	from jsonb_array_elements(p -> 'brands') x cross join jsonb_array_elements(x -> 'accounts') y
	cross join lateral (select jsonb_array_elements_text(y -> 'sources') as name) z
	join answerd.brand b on b.name = x ->> 'name' join answerd.account a on a.brand_id = b.brand_id and a.name = y ->> 'name'
	union
	select a.brand_id, a.account_id, n from answerd.account a cross join unnest('{threads,rechecks}'::text[]) n where a.is_configured
	on conflict (name, account_id, brand_id) do update set is_configured = true where not s.is_configured;
	with said as materialized (
		select x ->> 'name' as brand, y ->> 'name' as account, z as source
		from jsonb_array_elements(p -> 'brands') x cross join jsonb_array_elements(x -> 'accounts') y
		cross join lateral jsonb_array_elements_text(y -> 'sources') z
	)
	update answerd.source s set is_configured = false from answerd.account a join answerd.brand b on b.brand_id = a.brand_id
	where a.account_id = s.account_id and a.brand_id = s.brand_id and s.is_configured and s.name not in ('threads', 'rechecks')
		and not exists (select from said where said.brand = b.name and said.account = a.name and said.source = s.name);
	perform answerd.declare_calendars(p -> 'brands');
	update answerd.alert_house set silent_us = (p #>> '{health,silent_us}')::bigint
	where silent_us is distinct from (p #>> '{health,silent_us}')::bigint and p #>> '{health,silent_us}' is not null;
	perform answerd.declare_policies(p -> 'policies', array(select jsonb_array_elements_text(p #> '{health,notify}')));
	return query select b.name, a.name, s.name, s.brand_id, s.account_id, s.source_id
		from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
		join answerd.brand b on b.brand_id = s.brand_id
		where s.is_configured and a.is_configured and b.is_configured
		union all
		select b.name, null, b.refused_zone, b.brand_id, null, null from answerd.brand b where b.is_configured and b.refused_zone is not null
		order by 4, 5, 6;
end $$;

-- identified(…) → 'ok', 'stale', or 'other': the credential belongs to another user than this account's messages; refused.
create or replace function answerd.identified(p_brand int, p_account int, p_epoch bigint, p_own_id text, p_own_handle text,
	p_own_name text, p_facts text, p_missing text) returns text language plpgsql set search_path = pg_catalog, answerd as $$
declare
	v_account answerd.account;
begin
	-- Said again after every start: it need not wait for the disk.
	perform set_config('synchronous_commit', 'off', /* is_local */ true);
	select * into v_account from answerd.account where account_id = p_account and brand_id = p_brand and epoch = p_epoch
	for no key update;
	if not found then
		return 'stale';
	end if;
	if v_account.own_id is not null and p_own_id is not null and v_account.own_id <> p_own_id then
		return 'other';
	end if;
	update answerd.account set own_id = coalesce(p_own_id, own_id), own_handle = coalesce(p_own_handle, own_handle),
		own_name = coalesce(p_own_name, own_name), facts = coalesce(p_facts, facts), missing = p_missing,
		state = 'listening', state_reason = null, state_since = case when state = 'listening' then state_since else now() end
	where account_id = p_account and brand_id = p_brand;
	return 'ok';
end $$;

-- account_state(…): refused, failing or listening again, and why, in words for people.
create or replace function answerd.account_state(p_brand int, p_account int, p_epoch bigint, p_state text, p_reason text)
returns void language sql set search_path = pg_catalog, answerd as $$
	with changed as (
		update answerd.account set state = p_state::answerd.account_state, state_reason = p_reason,
			state_since = case when state = p_state::answerd.account_state then state_since else now() end
		where account_id = p_account and brand_id = p_brand and epoch = p_epoch
			and (state, state_reason) is distinct from (p_state::answerd.account_state, p_reason)
		returning 1
	)
	select pg_notify('answerd_event', 'sources') from changed
$$;

-- count_reading(…) → what the month has cost so far, posts included; no row from who does not hold the account. By UTC months, as bills go.
-- epoch null: whoever posted looked for it.
drop function if exists answerd.count_reading(int, int, bigint, bigint, bigint);
create or replace function answerd.count_reading(p_brand int, p_account int, p_epoch bigint, p_n bigint, p_cost bigint) returns setof bigint
language sql set search_path = pg_catalog, answerd as $$
	insert into answerd.reading as r (brand_id, account_id, month, n_read, cost_uusd)
	select p_brand, p_account, answerd.bill_month(), p_n, p_cost
	from answerd.account a where a.account_id = p_account and a.brand_id = p_brand and coalesce(a.epoch = p_epoch, true)
	on conflict (account_id, month, brand_id) do update set n_read = r.n_read + excluded.n_read, cost_uusd = r.cost_uusd + excluded.cost_uusd
	returning r.cost_uusd + r.posted_uusd
$$;

-- heard(arrays): answers that brought nothing new; one statement a second for all of them. asked_us 0: no poll of news.
create or replace function answerd.heard(p_brand int[], p_account int[], p_source int[], p_epoch bigint[], p_asked_us bigint[])
returns void language sql set search_path = pg_catalog, answerd as $$
	update answerd.source s set heard_at = answerd.now(), failures = 0, failure = null, failure_kind = null, failing_since = null,
		stuck_since = case when u.asked_us > 0 then null else s.stuck_since end,
		heard_until = case when u.asked_us > 0 then greatest(s.heard_until, least(answerd.from_us(u.asked_us), answerd.now())) else s.heard_until end,
		heard_from = case when u.asked_us > 0 then coalesce(s.heard_from, least(answerd.from_us(u.asked_us), answerd.now())) else s.heard_from end,
		interval_us = case when u.asked_us > 0 and s.failures = 0 and s.polled_at >= x.leased_at
			then answerd.rhythm_of(s.interval_us, x.every_us, s.polled_at, answerd.now()) else s.interval_us end,
		polled_at = case when u.asked_us > 0 then answerd.now() else s.polled_at end
	from unnest(p_brand, p_account, p_source, p_epoch, p_asked_us) u(b, a, s, e, asked_us)
	join answerd.account x on x.account_id = u.a and x.brand_id = u.b and x.epoch = u.e
	where s.source_id = u.s and s.account_id = u.a and s.brand_id = u.b
		-- That old pages can be read says nothing about new ones.
		and (u.asked_us > 0 or s.name in ('threads', 'rechecks'))
$$;

-- failed(…): a source could not be read; the sentence says what to do, the kind is err.h's.
create or replace function answerd.failed(p_brand int, p_account int, p_source int, p_epoch bigint, p_failure text, p_kind text default 'retry')
returns void language sql set search_path = pg_catalog, answerd as $$
	update answerd.source s set failures = s.failures + 1, failed_at = answerd.now(), failure = p_failure, failure_kind = p_kind,
		failing_since = coalesce(s.failing_since, answerd.now())
	from answerd.account x
	where s.source_id = p_source and s.account_id = p_account and s.brand_id = p_brand
		and x.account_id = p_account and x.brand_id = p_brand and x.epoch = p_epoch
$$;

-- threads_known(…) → threads of known conversations that are due to be read.
create or replace function answerd.threads_known(p_brand int, p_account int, p_now timestamptz, p_n int) returns table (root_id text)
language sql stable rows 16 set search_path = pg_catalog as $$
	select distinct c.root_id from (select c.root_id from answerd.conversation c where c.account_id = p_account
		and c.brand_id = p_brand and c.read_next_at <= p_now order by c.read_next_at limit p_n) c
$$;

-- threads_due(brand, account, n) → up to n threads to read now: first those with an unseen parent, then known conversations.
-- subject: the id to ask the thread of. With none due one row with subject null and due_us, when the next one is.
create or replace function answerd.threads_due(p_brand int, p_account int, p_n int)
returns table (subject text, root text, is_wanted bool, due_us bigint) language plpgsql set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
declare
	v_now timestamptz := answerd.now();
	v_due timestamptz;
begin
	delete from answerd.wanted_thread w where w.account_id = p_account and w.brand_id = p_brand and w.next_at <= v_now
		and (w.tries >= 8 or exists (select from answerd.message m join answerd.message p on p.external_id = m.parent_id
			and p.account_id = p_account and p.brand_id = p_brand
			where m.external_id = w.external_id and m.account_id = p_account and m.brand_id = p_brand));
	return query select w.external_id, null::text, true, null::bigint from answerd.wanted_thread w
		where w.account_id = p_account and w.brand_id = p_brand and w.next_at <= v_now
		order by w.next_at limit p_n;
	if found then
		return;
	end if;
	return query select x.subject, x.root_id, false, null::bigint from (
			select d.root_id, 1 as n, coalesce(
				(select m.external_id from answerd.message m where m.external_id = d.root_id and m.account_id = p_account
					and m.brand_id = p_brand and m.deleted_at is null),
				(select m.external_id from answerd.message m where m.root_id = d.root_id and m.account_id = p_account
					and m.brand_id = p_brand and m.deleted_at is null and m.thread_id is null order by m.at limit 1), '') as subject
			from answerd.threads_known(p_brand, p_account, v_now, p_n) d
			union all
			-- The tops of what a person joined to it: the platform knows them as threads of their own.
			select d.root_id, 2, m.external_id from answerd.threads_known(p_brand, p_account, v_now, p_n) d
			cross join lateral (select m.external_id from answerd.message m where m.merged_root = d.root_id and m.account_id = p_account
				and m.brand_id = p_brand and m.deleted_at is null and m.thread_id is null order by m.at limit p_n) m
		) x order by x.root_id, x.n, x.subject limit p_n;
	if found then
		return;
	end if;
	select least(min(w.next_at), (select min(c.read_next_at) from answerd.conversation c where c.account_id = p_account
		and c.brand_id = p_brand and c.read_next_at is not null)) into v_due
	from answerd.wanted_thread w where w.account_id = p_account and w.brand_id = p_brand;
	return query select null::text, null::text, false, answerd.us(v_due);
end $$;

-- thread_read(…): a thread was read (or could not be): when to read it again. A busy one soon, an old one rarely, after 14
-- quiet days never; what was imported and does not wait, once.
create or replace function answerd.thread_read(p_brand int, p_account int, p_subject text, p_root text) returns void
language plpgsql set search_path = pg_catalog, answerd as $$
declare
	v_now timestamptz := answerd.now();
	v_every interval;
	v_declared timestamptz;
begin
	select every_us * interval '1 microsecond', declared_at into v_every, v_declared from answerd.account
	where account_id = p_account and brand_id = p_brand;
	if p_root is null then
		update answerd.wanted_thread set tries = tries + 1, next_at = v_now + v_every * 2 ^ tries
		where external_id = p_subject and account_id = p_account and brand_id = p_brand;
		return;
	end if;
	update answerd.conversation c set read_at = v_now, read_next_at = case
			when a.active < v_now - interval '14 days' then null
			when c.waiting_since is null and a.active < v_declared then null
			else v_now + greatest(2 * v_every, least(interval '12 hours', (v_now - a.active) / 8)) end
	from (select c2.conversation_id, greatest(c2.created_at, c2.answered_ord, c2.waiting_since) as active
		from answerd.conversation c2 where c2.root_id = p_root and c2.account_id = p_account and c2.brand_id = p_brand) a
	where c.conversation_id = a.conversation_id and c.brand_id = p_brand;
end $$;

-- rechecks(brand, account, before, n) → the next n messages, newest first, that may have been edited or deleted: those of the
-- last two days and those that somebody waits with. Key-set: before_us and before_id of the last one; start with null.
create or replace function answerd.rechecks(p_brand int, p_account int, p_before_us bigint, p_before_id text, p_n int)
returns table (external_id text, at_us bigint) language plpgsql stable set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
begin
	return query select x.external_id, answerd.us(x.at) from (
		(select m.external_id, m.at from answerd.message m
		where m.account_id = p_account and m.brand_id = p_brand and m.at > answerd.now() - interval '2 days'
			and m.at <= coalesce(answerd.from_us(p_before_us), 'infinity')
			and (p_before_us is null or (m.at, m.external_id) < (answerd.from_us(p_before_us), p_before_id))
			and m.deleted_at is null and m.kind <> 'other' and m.thread_id is null and m.direction <> 'context'
			and m.external_id not like 'replied:%' -- ours alone (rules/48)
		order by m.at desc, m.external_id desc limit p_n)
		union
		(select m.external_id, m.at from answerd.conversation c
		join answerd.message m on m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = p_account
			and m.brand_id = p_brand and m.ord_at > coalesce(c.answered_ord, '-infinity') and m.is_owed and m.thread_id is null
		where c.brand_id = p_brand and c.account_id = p_account and c.waiting_since is not null
			and c.waiting_since <= answerd.now() - interval '2 days'
			and (p_before_us is null or (m.at, m.external_id) < (answerd.from_us(p_before_us), p_before_id))
		order by m.at desc, m.external_id desc limit p_n)) x
	order by x.at desc, x.external_id desc limit p_n;
end $$;
