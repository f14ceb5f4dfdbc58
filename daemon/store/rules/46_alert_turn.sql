-- One turn of the machine that tells, and what it looks after every few seconds.

-- alert_turn(holder, locked, chores) → does this worker speak, does it hold the lock, and how long until there is something to do.
-- chores: 0 none, 1 those of every few seconds, 2 all. Lock free: whoever spoke is dead, take it at once; lock held but the row
-- stale: it is frozen, take it after 30 s. One that wakes up again may repeat a telling, under the same id: better than silence.
create or replace function answerd.alert_turn(p_holder text, p_locked bool, p_chores int, out o_leads bool, out o_locked bool,
	out o_wait_us bigint) language plpgsql set search_path = pg_catalog as $$
declare
	h answerd.alert_house;
	v_first timestamptz;
	v_next timestamptz;
begin
	o_locked := p_locked or pg_try_advisory_lock(hashtextextended('answerd.alert', 0));
	o_wait_us := 500000;
	select * into h from answerd.alert_house;
	o_leads := h.holder = p_holder and h.held_until between now() + interval '20 s' and now() + interval '30 s';
	if o_leads is not true then
		update answerd.alert_house set holder = p_holder, held_until = now() + interval '30 s'
		where holder = p_holder or o_locked or held_until is null or held_until not between now() and now() + interval '30 s';
		o_leads := found;
	end if;
	if not o_leads then
		return;
	end if;
	if answerd.next_alarm() <= answerd.now() then
		perform answerd.alarm_sweep();
	end if;
	if p_chores > 0 then
		perform answerd.alert_chores(p_chores > 1);
	end if;
	perform answerd.feed_turn();
	select min(d.at) into v_first from answerd.delivery d where d.state = 'pending';
	v_next := answerd.next_alarm();
	if v_first is not null then
		-- A wave is told as one: not before all of it was swept, unless that takes long.
		if v_next <= answerd.now() and v_first > now() - interval '20 s' then
			o_wait_us := 0;
			return;
		end if;
		perform answerd.keep_back();
		perform answerd.make_tellings();
		select min(d.at) into v_first from answerd.delivery d where d.state = 'pending' and d.at > now() - interval '500 ms';
	end if;
	-- At the end of its time the group is a turn old: a little later, not a little earlier.
	o_wait_us := greatest(0, least(500000, answerd.us(v_next) - answerd.us(answerd.now()) + 2000,
		answerd.us(v_first) - answerd.us(now()) + 502000));
end $$;

-- alert_chores(all): what does not need to be looked at in every turn.
create or replace function answerd.alert_chores(p_all bool) returns void language plpgsql set search_path = pg_catalog as $$
declare
	h answerd.alert_house;
	r record;
begin
	select * into h from answerd.alert_house;
	if exists (select from answerd.delivery where state = 'kept') then
		perform answerd.let_go();
	end if;
	-- Deafness that nobody acknowledges is told again, to whom things escalate.
	for r in select * from answerd.alert where repeat_at <= answerd.now() and over_at is null limit 100 for update skip locked loop
		update answerd.alert set rounds = r.rounds + 1, repeat_at = case when r.acked_at is null
			then answerd.now() + h.repeat_us * interval '1 microsecond' end
		where alert_id = r.alert_id and brand_id = r.brand_id;
		if r.acked_at is null then
			perform answerd.deliver(r.alert_id, r.brand_id, h.escalate, r.rounds + 1);
			update answerd.delivery set group_key = r.event || '||lead' where alert_id = r.alert_id and brand_id = r.brand_id and round = r.rounds + 1;
		end if;
	end loop;
	-- A fault in looking at health must not silence the clocks; it is told itself.
	begin
		perform answerd.deaf_sweep(p_all);
		perform answerd.over_said('health', '[{"code": "health_again"}]');
	exception when others then
		perform answerd.raise_said('deaf', 'health', null, null, null, jsonb_build_array(jsonb_build_object('code', 'health_fails', 'failure', sqlerrm)));
	end;
	perform answerd.alert_heartbeat(h);
	perform answerd.import_summaries();
	perform answerd.daily_digests();
	if p_all then
		update answerd.alert a set over_at = answerd.now() where a.event = 'waiting' and a.over_at is null
			and not exists (select from answerd.conversation c where c.conversation_id = a.conversation_id and c.brand_id = a.brand_id
				and c.oldest_id = a.message_id and c.waiting_since is not null);
		-- Signs of life are no history.
		delete from answerd.delivery d using answerd.alert a where a.event = 'heartbeat' and a.at < answerd.now() - interval '1 day'
			and d.alert_id = a.alert_id and d.brand_id = a.brand_id and d.state in ('told', 'dropped');
		delete from answerd.alert a where a.event = 'heartbeat' and a.at < answerd.now() - interval '1 day'
			and not exists (select from answerd.delivery d where d.alert_id = a.alert_id and d.brand_id = a.brand_id);
		delete from answerd.telling where ended_at < now() - interval '90 days' and telling_id in
			(select telling_id from answerd.telling order by telling_id limit 1000)
			and not exists (select from answerd.delivery d where d.telling_id = telling.telling_id);
	end if;
end $$;

-- alert_heartbeat(house): a sign of life, the way every alert goes. While one is on its way no other follows.
create or replace function answerd.alert_heartbeat(h answerd.alert_house) returns void language plpgsql set search_path = pg_catalog as $$
declare
	v_every interval := h.heartbeat_us * interval '1 microsecond';
begin
	if h.heartbeat is null or h.heartbeat_at between now() - v_every and now() + v_every
		or exists (select from answerd.delivery where state in ('pending', 'telling') and channel = h.heartbeat and group_key = 'heartbeat||')
		or exists (select from answerd.telling where ended_at is null and channel = h.heartbeat and group_key = 'heartbeat||') then
		return;
	end if;
	perform answerd.raise_alert('heartbeat', 'heartbeat:' || answerd.us(now()), null, null, null,
		coalesce(answerd.listening() ->> 'text', 'All sources are heard') || '.', array[h.heartbeat]);
	update answerd.alert_house set heartbeat_at = now();
end $$;

-- oldest_part(since) → the part that says so, or none.
create or replace function answerd.oldest_part(p_since timestamptz) returns jsonb language sql stable set search_path = pg_catalog as $$
	select case when p_since is null then '[]' else jsonb_build_array(jsonb_build_object('code', 'oldest_since', 'at', answerd.rfc3339(p_since))) end
$$;

-- import_summaries(): imported messages are never told singly; when an account's history is in, one sentence says who waits.
create or replace function answerd.import_summaries() returns void language plpgsql set search_path = pg_catalog as $$
declare
	a record;
begin
	for a in
		with done as materialized (
			select x.*, b.timezone, c.name as account
			from (select s.brand_id, s.account_id, md5(string_agg(s.source_id::text, ' ' order by s.source_id)) as sources
				from answerd.source s where s.is_configured and s.name not in ('threads', 'rechecks')
				group by 1, 2 having bool_and(s.imported_at is not null)) x
			join answerd.brand b on b.brand_id = x.brand_id
			join answerd.account c on c.account_id = x.account_id and c.brand_id = x.brand_id and c.is_configured
			where not exists (select from answerd.alert l where l.key = 'imported:' || x.account_id || ':' || x.sources and l.brand_id = x.brand_id)
		), waits as ( -- one walk along the brands' queues for all accounts
			select c.brand_id, c.account_id, count(*) as n, min(c.waiting_since) as since from answerd.conversation c
			where c.brand_id in (select brand_id from done) and c.waiting_since is not null and c.is_imported group by 1, 2
		)
		select d.*, coalesce(w.n, 0) as n, w.since from done d left join waits w on w.brand_id = d.brand_id and w.account_id = d.account_id
	loop
		perform answerd.raise_said('digest', 'imported:' || a.account_id || ':' || a.sources, a.brand_id, a.account_id, null,
			jsonb_build_array(jsonb_build_object('code', 'imported', 'account', a.account, 'n', a.n)) || answerd.oldest_part(a.since) || '[{"code": "imported_todo"}]',
			case when a.n = 0 then '{}'::text[] end, a.since);
	end loop;
end $$;

-- daily_digests(): the thanks lane and what is about us, once a day at nine of the brand's clock. A day without any is noted too,
-- so that it is looked at once.
create or replace function answerd.daily_digests() returns void language plpgsql set search_path = pg_catalog as $$
declare
	b record;
	v record;
begin
	for b in select x.*, 'digest:' || x.today as key from (select brand_id, name, timezone, (answerd.now() at time zone timezone)::date as today,
			(answerd.now() at time zone timezone)::time as clock from answerd.brand where is_configured) x
		where x.clock >= '09:00' and not exists (select from answerd.alert l where l.key = 'digest:' || x.today and l.brand_id = x.brand_id)
	loop
		select count(*) filter (where c.is_about) as about, count(*) filter (where not c.is_about) as thanks, min(c.waiting_since) as since,
			count(*) filter (where c.stop_at <= answerd.now()) as ignored,
			array(select distinct n from answerd.policy q cross join unnest(q.notify) n where q.policy_id = any(array_agg(distinct c.policy_id))) as channels
		into v
		from answerd.conversation c join answerd.policy p on p.policy_id = c.policy_id and p.is_digest
		where c.brand_id = b.brand_id and c.waiting_since is not null;
		perform answerd.raise_said('digest', b.key, b.brand_id, null, null,
			jsonb_build_array(jsonb_build_object('code', 'digest', 'brand', b.name, 'thanks', v.thanks, 'about', v.about)) || answerd.oldest_part(v.since)
				|| case when v.ignored > 0 then jsonb_build_array(jsonb_build_object('code', 'digest_ignored', 'ignored', v.ignored)) else '[]' end || '[{"code": "digest_todo"}]',
			case when v.about + v.thanks = 0 then '{}'::text[] else v.channels end, v.since);
	end loop;
end $$;
