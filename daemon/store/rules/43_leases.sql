-- Which worker listens for which account (RELIABILITY I13). Leases and heartbeats use now(), never the test clock: they are
-- facts of this machine, not of the customers' world.
--
-- An account's lease is a row (epoch, held_until) and an advisory lock (brand, account) of its holder's session. A worker
-- that lives holds the lock (0, hash of its name) in the same session: both are gone with its connection, at once.

-- lease(brand, account, holder) → epoch, or null: somebody else listens. Lock free: the holder's connection is gone, take it at
-- once. Lock held but the row is stale: the holder is frozen, take it by the epoch. Each take-over raises the epoch,
-- which every write of a page checks: whatever the old holder still sends finds no row.
-- o_after: 'own' we were the last to have it, 'given' it was given back in good order, 'lost' its last holder died or froze.
create or replace function answerd.lease(p_brand int, p_account int, p_holder text, out o_epoch bigint, out o_locked bool, out o_after text)
language plpgsql set search_path = pg_catalog, answerd as $$
begin
	o_locked := pg_try_advisory_lock(p_brand, p_account);
	with before as materialized (select holder from answerd.account where account_id = p_account and brand_id = p_brand
		for no key update)
	update answerd.account a set epoch = a.epoch + 1, holder = p_holder, held_until = now() + interval '30 s',
		leased_at = answerd.now()
	from before
	where a.account_id = p_account and a.brand_id = p_brand and a.is_configured
		and (o_locked or a.held_until is null or a.held_until < now())
	returning a.epoch, case when before.holder is null then 'given' when before.holder = p_holder then 'own' else 'lost' end
	into o_epoch, o_after;
	if o_epoch is null and o_locked then
		perform pg_advisory_unlock(p_brand, p_account);
		o_locked := false;
	end if;
end $$;

-- living_workers() → those whose session is there and whose heartbeat is fresh: neither dead nor frozen.
create or replace function answerd.living_workers() returns table (holder text, n_accounts int, n_held int) language sql stable
set search_path = pg_catalog as $$
	select w.holder, w.n_accounts, w.n_held from answerd.worker w
	where w.stopped_at is null and w.beat_at > now() - interval '30 s'
		and exists (select from pg_locks l where l.locktype = 'advisory' and l.classid = 0 and l.objsubid = 2 and l.granted
			and l.objid = (hashtext(w.holder)::bigint & 4294967295)::oid
			and l.database = (select d.oid from pg_database d where d.datname = current_database()))
$$;

-- free_accounts(brands, accounts) → those of them that nobody listens for, with our share of all accounts: who has less takes them.
-- is_left: free for ten seconds, so that nobody else wants it (their files may differ); then the share does not matter.
create or replace function answerd.free_accounts(p_brand int[], p_account int[]) returns table (account_id int, is_left bool, share int)
language plpgsql stable set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
declare
	v_share int;
begin
	select ceil((select count(*) from answerd.account where is_configured) / greatest(count(*), 1)::numeric)::int into v_share
	from answerd.living_workers();
	return query
	with held as materialized (
		select l.classid::bigint as b, l.objid::bigint as a from pg_locks l
		where l.locktype = 'advisory' and l.objsubid = 2 and l.granted
			and l.database = (select d.oid from pg_database d where d.datname = current_database())
	)
	select x.account_id, coalesce(x.held_until, x.declared_at) < now() - interval '10 s', v_share
	from unnest(p_brand, p_account) u(b, a)
	join answerd.account x on x.account_id = u.a and x.brand_id = u.b
	where x.is_configured and (x.held_until is null or x.held_until < now()
		or not exists (select from held h where h.b = u.b and h.a = u.a));
end $$;

-- surplus(holder, held) → how many accounts to give back, because another living worker has less than its share: 0 when the
-- difference is one.
create or replace function answerd.surplus(p_holder text, p_held int) returns int language sql stable
set search_path = pg_catalog as $$
	select case when exists (select from answerd.living_workers() o
			where o.holder <> p_holder and o.n_held < least(o.n_accounts, s.n / s.w)) then
		greatest(p_held - (s.n + s.w - 1) / s.w, (p_held > s.n / s.w)::int) else 0 end
	from (select (select count(*) from answerd.account where is_configured)::int as n,
		greatest((select count(*) from answerd.living_workers()), 1)::int as w) s
$$;

-- beat(holder, …) → the accounts that are still ours, renewed, with what their platforms allow written down, and how much
-- other workers have ever asked there for replies; tries again for
-- locks that a frozen holder kept. The last row is about ourselves: account 0, how far answerd.now() is from now() (0 outside
-- of tests), and how many accounts to give back.
drop function if exists answerd.beat(text, int, int, int[], int[], bigint[], bool[], int[], int[], int[], bigint[], bigint[]);
create or replace function answerd.beat(p_holder text, p_pid int, p_accounts int, p_brand int[], p_account int[], p_epoch bigint[],
	p_locked bool[], p_used text[], p_limit int[], p_left int[], p_reset bigint[], p_after bigint[])
returns table (account_id int, locked bool, shift_us bigint, surplus int, asked bigint) language plpgsql set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
begin
	insert into answerd.worker as w (holder, pid, started_at, beat_at, n_accounts, n_held)
	values (p_holder, p_pid, now(), now(), p_accounts, coalesce(array_length(p_account, 1), 0))
	on conflict (holder) do update set beat_at = now(), stopped_at = null, n_accounts = excluded.n_accounts, n_held = excluded.n_held;
	if not exists (select from pg_locks where pid = pg_backend_pid() and locktype = 'advisory' and classid = 0
		and objid = (hashtext(p_holder)::bigint & 4294967295)::oid and objsubid = 2) then
		perform pg_try_advisory_lock(0, hashtext(p_holder));
	end if;
	return query with ours as (
		select u.* from unnest(p_brand, p_account, p_epoch, p_locked, p_used, p_limit, p_left, p_reset, p_after)
			u(b, a, e, l, used, lim, lef, reset_us, after_us)
	), held as (
		update answerd.account x set held_until = now() + interval '30 s', budget_at = now(), budget_used = ours.used,
			rate_limit = nullif(ours.lim, 0), rate_left = ours.lef, rate_reset = answerd.from_us(nullif(ours.reset_us, 0)),
			ask_after = answerd.from_us(nullif(ours.after_us, 0))
		from ours where x.account_id = ours.a and x.brand_id = ours.b and x.epoch = ours.e and x.is_configured
		returning x.account_id, x.brand_id, ours.l, x.asked_elsewhere
	)
	select h.account_id, h.l or pg_try_advisory_lock(h.brand_id, h.account_id), 0::bigint, 0, h.asked_elsewhere from held h
	union all
	select 0, true, round(extract(epoch from answerd.now() - now()) * 1000000)::bigint,
		answerd.surplus(p_holder, coalesce(array_length(p_account, 1), 0)), 0::bigint;
end $$;

-- budget(…): the same of one account, now: before it is given back, and when the platform said wait.
drop function if exists answerd.budget(int, int, bigint, int, int, int, bigint, bigint);
create or replace function answerd.budget(p_brand int, p_account int, p_epoch bigint, p_used text, p_limit int, p_left int,
	p_reset bigint, p_after bigint) returns void language sql set search_path = pg_catalog, answerd as $$
	update answerd.account set budget_at = now(), budget_used = p_used, rate_limit = nullif(p_limit, 0), rate_left = p_left,
		rate_reset = answerd.from_us(nullif(p_reset, 0)), ask_after = answerd.from_us(nullif(p_after, 0))
	where account_id = p_account and brand_id = p_brand and epoch = p_epoch;
$$;

-- asked(brand, account, n): a worker that does not listen there made so many requests for replies.
create or replace function answerd.asked(p_brand int, p_account int, p_n bigint) returns void language sql set search_path = pg_catalog, answerd as $$
	update answerd.account set asked_elsewhere = asked_elsewhere + p_n where account_id = p_account and brand_id = p_brand;
$$;

-- unlease(brand, account): gives back what we hold, at a stop, in favour of another worker, or when one has taken it over.
create or replace function answerd.unlease(p_brand int, p_account int, p_epoch bigint) returns void language sql
set search_path = pg_catalog, answerd as $$
	update answerd.account set held_until = now(), holder = null
	where account_id = p_account and brand_id = p_brand and epoch = p_epoch;
	select pg_advisory_unlock(p_brand, p_account) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()
		and classid = p_brand::oid and objid = p_account::oid and objsubid = 2;
$$;

-- stopped(holder): it says goodbye and gives back all that it holds.
create or replace function answerd.stopped(p_holder text) returns void language sql set search_path = pg_catalog, answerd as $$
	update answerd.account set held_until = now(), holder = null where holder = p_holder;
	update answerd.worker set stopped_at = now(), n_held = 0 where holder = p_holder;
	select pg_advisory_unlock_all();
$$;
