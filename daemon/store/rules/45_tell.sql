-- Telling: the sweep makes alerts of clocks that ran out; pending deliveries are grouped into tellings; each telling is attempted
-- until its channel took it. One worker does all of this at a time (alert_house); whoever takes over goes on from these rows.
-- Customers' time is answerd.now(); attempts, group intervals, leases and heartbeats are facts of the machine: now().

-- one_line(text): foreign words for a line of a telling: no control, no invisible, no direction-changing character.
create or replace function answerd.one_line(p text) returns text language sql immutable set search_path = pg_catalog as $$
	select btrim(regexp_replace(translate(p, U&'\200B\200C\200D\200E\200F\202A\202B\202C\202D\202E\2060\2061\2062\2063\2064\2066\2067\2068\2069\FEFF', ''),
		E'[\\s\\u0001-\\u001f\\u007f-\\u009f\\u2028\\u2029]+', ' ', 'g'))
$$;

-- quiet_until(channel, t): when the quiet hours end in which t lies; null outside of them.
create or replace function answerd.quiet_until(c answerd.channel, p_at timestamptz) returns timestamptz language sql stable
set search_path = pg_catalog as $$
	select (x.week + case when upper(r) = 10080 and c.quiet @> 0
			then make_interval(mins => 10080 + coalesce((select upper(f) from unnest(c.quiet) f where f @> 0 and upper(f) < 10080), 0))
			else make_interval(mins => upper(r)) end) at time zone c.timezone
	from (select date_trunc('week', l) as week, floor(extract(epoch from l - date_trunc('week', l)) / 60)::int as minute
		from (select p_at at time zone c.timezone as l) y) x
	cross join lateral unnest(c.quiet) r where r @> x.minute
$$;

-- declare_alerts(configuration): channels and health as the file says. Never an address, never a secret.
-- In: {"channels": [{"name", "type", "group_us", "timezone", "quiet": [], "events": []}], "health": {"notify": [], "escalate": [], "repeat_us",
--     "heartbeat", "heartbeat_us"}}.
create or replace function answerd.declare_alerts(p jsonb) returns void language plpgsql set search_path = pg_catalog, answerd as $$
begin
	perform pg_advisory_xact_lock(hashtext('answerd.declare_alerts'));
	insert into answerd.channel as c (name, type, group_us, timezone, refused_zone, events, fed_no, quiet)
	select x ->> 'name', x ->> 'type', (x ->> 'group_us')::bigint, case when z.is_known then z.name else 'UTC' end, case when not z.is_known then z.name end,
		array(select jsonb_array_elements_text(x -> 'events')), (select coalesce(max(no), 0) from answerd.feed),
		coalesce((select range_agg(int4range(w.a, w.b)) from answerd.week_frames(array(select jsonb_array_elements_text(x -> 'quiet'))) f
			cross join lateral (values ((f.day - 1) * 1440 + f.from_min, least((f.day - 1) * 1440 + f.until_min, 10080)),
				(0, greatest((f.day - 1) * 1440 + f.until_min - 10080, 0))) w(a, b) where w.b > w.a), '{}')
	from jsonb_array_elements(p -> 'channels') x
	cross join lateral (select n as name, answerd.is_zone(n) as is_known from (select coalesce(x ->> 'timezone', 'UTC') as n) y offset 0) z
	on conflict (name) do update set type = excluded.type, group_us = excluded.group_us, timezone = excluded.timezone,
		refused_zone = excluded.refused_zone, quiet = excluded.quiet, is_configured = true, events = excluded.events,
		-- Who begins to be told events begins now; who was told them goes on where it was.
		fed_no = case when c.events = '{}' then excluded.fed_no else c.fed_no end
	where (c.type, c.group_us, c.timezone, c.refused_zone, c.quiet, c.events, c.is_configured)
		is distinct from (excluded.type, excluded.group_us, excluded.timezone, excluded.refused_zone, excluded.quiet, excluded.events, true);
	update answerd.channel c set is_configured = false, failures = 0, failing_since = null
	where is_configured and not exists (select from jsonb_array_elements(p -> 'channels') x where x ->> 'name' = c.name);
	update answerd.alert_house set notify = array(select jsonb_array_elements_text(p -> 'health' -> 'notify')),
		escalate = array(select jsonb_array_elements_text(p -> 'health' -> 'escalate')),
		repeat_us = coalesce((p -> 'health' ->> 'repeat_us')::bigint, 3600000000),
		heartbeat = p -> 'health' ->> 'heartbeat', heartbeat_us = (p -> 'health' ->> 'heartbeat_us')::bigint;
	-- What waits for a channel that is no more goes to whom health is told.
	update answerd.telling t set ended_at = now(), is_told = false, failure = 'the channel is not configured any more'
	where t.ended_at is null and not exists (select from answerd.channel c where c.name = t.channel and c.is_configured);
	with lost as (
		update answerd.delivery d set state = 'dropped' where d.state in ('pending', 'kept', 'telling')
			and not exists (select from answerd.channel c where c.name = d.channel and c.is_configured)
		returning d.*
	)
	insert into answerd.delivery (brand_id, alert_id, channel, round, group_key)
	select distinct on (l.alert_id, l.brand_id, n) l.brand_id, l.alert_id, n, l.round, l.group_key
	from lost l cross join answerd.alert_house h cross join unnest(h.notify) n
	on conflict do nothing;
	-- What came up when there was no channel yet is told to the first.
	perform answerd.deliver(a.alert_id, a.brand_id, h.notify, 0) from answerd.alert a cross join answerd.alert_house h
	where a.over_at is null and a.event in ('deaf', 'gap', 'quarantine') and a.acked_at is null
		and not exists (select from answerd.delivery d where d.alert_id = a.alert_id and d.brand_id = a.brand_id);
end $$;

-- next_alarm(): the earliest clock that somebody is told of. One step of an index.
create or replace function answerd.next_alarm() returns timestamptz language plpgsql stable set search_path = pg_catalog as $$
begin
	return (select alarm_at from answerd.conversation where alarm_at is not null order by alarm_at limit 1);
end $$;

-- alarm_sweep(limit) → clocks that ran out, each as one alert for ever (conversation, message that started the wait, step).
-- It locks conversations only, and writes nothing of theirs but alarm_told and alarm_at.
create or replace function answerd.alarm_sweep(p_limit int default 2000) returns int language plpgsql set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
	v_brand int;
	v_n int;
	v_all int := 0;
begin
	for v_brand in select distinct x.brand_id from (select c.brand_id from answerd.conversation c
		where c.alarm_at is not null and c.alarm_at <= v_now order by c.alarm_at limit p_limit) x order by 1 loop
		with due as materialized (
			select c.*, greatest(c.alarm_told, case when c.stop_at <= v_now then 4 when c.lead_at <= v_now then 3 when c.due_at <= v_now then 2
				when c.warn_at <= v_now then 1 end) as top
			from answerd.conversation c where c.alarm_at is not null and c.alarm_at <= v_now and c.brand_id = v_brand
			order by c.alarm_at limit p_limit for no key update skip locked
		), route as materialized (
			-- Once a policy, not once an alarm.
			select p.policy_id, p.name, answerd.channels_of(coalesce(p.notify, h.notify)) as notify,
				answerd.channels_of(coalesce(p.escalate, p.notify, h.notify)) as escalate
			from answerd.alert_house h left join answerd.policy p on p.policy_id = any (array(select distinct policy_id from due))
		), reached as materialized (
			select d.conversation_id, d.brand_id, d.account_id, d.oldest_id, s.n, s.step, s.at, p.name as policy,
				case when s.n <= 2 then p.notify else p.escalate end as channels
			from due d cross join lateral (values (1, 'warn', d.warn_at), (2, 'due', d.due_at), (3, 'lead', d.lead_at), (4, 'stop', d.stop_at)) s(n, step, at)
			left join route p on p.policy_id = d.policy_id
			-- Who acknowledged is dealing with it: the lead is not called. The hard stop always speaks.
			left join lateral (select true as is_seen from answerd.alert a where s.n = 3 and a.conversation_id = d.conversation_id
				and a.brand_id = d.brand_id and a.message_id = d.oldest_id and a.acked_at is not null limit 1) k on true
			where s.n > d.alarm_told and s.at <= v_now and k.is_seen is null
		), told as (
			update answerd.conversation c set alarm_told = d.top,
				alarm_at = (select min(s.at) from (values (1, d.warn_at), (2, d.due_at), (3, d.lead_at), (4, d.stop_at)) s(n, at)
					where s.at > v_now and s.n > d.top)
			from due d where c.conversation_id = d.conversation_id and c.brand_id = d.brand_id
			returning 1
		), made as (
			insert into answerd.alert (brand_id, event, key, step, policy, account_id, conversation_id, message_id, at, since, text, channels)
			select r.brand_id, 'waiting', 'waiting:' || r.conversation_id || ':' || r.step || ':' || r.oldest_id, r.step, r.policy, r.account_id,
				r.conversation_id, r.oldest_id, v_now, r.at,
				answerd.phrase(case r.step when 'warn' then 'late_warn' when 'due' then 'late_due' when 'lead' then 'late_lead' else 'late_stop' end),
				coalesce(r.channels, answerd.channels_of(h.notify))
			from reached r cross join answerd.alert_house h
			on conflict (key, brand_id) where over_at is null or event in ('waiting', 'digest') do nothing
			returning *
		)
		insert into answerd.delivery (brand_id, alert_id, channel, group_key)
		select m.brand_id, m.alert_id, c.name, 'waiting|' || coalesce(m.policy, '') || '|' || m.step
		from made m cross join lateral unnest(m.channels) c(name)
		on conflict do nothing;
		get diagnostics v_n = row_count;
		v_all := v_all + greatest(v_n, 1);
	end loop;
	if v_all > 0 then
		perform pg_notify('answerd_event', 'alert');
	end if;
	return v_all;
end $$;

-- keep_back(): pending deliveries that a silence or a channel's quiet hours hold back. A hard stop and a heartbeat pass.
create or replace function answerd.keep_back() returns void language plpgsql set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
begin
	-- Nearly always there is nothing to do, whatever is pending.
	if not exists (select from answerd.silence where until > v_now)
		and not exists (select from answerd.channel c where c.is_configured and not isempty(c.quiet) and answerd.quiet_until(c, v_now) is not null) then
		return;
	end if;
	with hour as materialized (
		select c.name, answerd.quiet_until(c, v_now) as until from answerd.channel c
	)
	update answerd.delivery d set state = 'kept', kept_until = x.until, kept_by = x.why
	from (select d.alert_id, d.brand_id, d.channel, d.round, greatest((s.s).until, q.until) as until,
			case when (s.s).until >= coalesce(q.until, '-infinity') then 'silence ' || (s.s).silence_id else 'quiet hours' end as why
		from answerd.delivery d join answerd.alert a on a.alert_id = d.alert_id and a.brand_id = d.brand_id
		join hour q on q.name = d.channel
		cross join lateral (select answerd.silenced(d.brand_id, a.account_id, d.channel, a.policy) as s) s
		where d.state = 'pending' and a.step is distinct from 'stop' and a.event <> 'heartbeat'
			and (q.until is not null or (s.s).silence_id is not null)) x
	where d.alert_id = x.alert_id and d.brand_id = x.brand_id and d.channel = x.channel and d.round = x.round and d.state = 'pending';
end $$;

-- let_go(): what was kept back and still stands is told now, as one telling a channel.
create or replace function answerd.let_go() returns void language sql set search_path = pg_catalog as $$
	update answerd.delivery d set kept_until = null,
		state = case when a.over_at is not null and a.event not in ('hearing', 'digest')
			or (a.event = 'waiting' and not exists (select from answerd.conversation c where c.conversation_id = a.conversation_id
				and c.brand_id = a.brand_id and c.oldest_id = a.message_id and c.waiting_since is not null))
			then 'dropped' else 'pending' end,
		group_key = 'digest||'
	from answerd.alert a
	where d.state = 'kept' and a.alert_id = d.alert_id and a.brand_id = d.brand_id
		and (d.kept_until <= answerd.now()
			-- Quiet hours may have been changed, a silence may have been ended.
			or (d.kept_by = 'quiet hours' and not exists (select from answerd.channel c where c.name = d.channel
				and answerd.quiet_until(c, answerd.now()) is not null)
				and (answerd.silenced(d.brand_id, a.account_id, d.channel, a.policy)).silence_id is null)
			or (d.kept_by like 'silence %' and not exists (select from answerd.silence s where d.kept_by = 'silence ' || s.silence_id
				and s.until > answerd.now())))
$$;

-- make_tellings(): groups that have collected long enough become one message each.
create or replace function answerd.make_tellings() returns int language plpgsql set search_path = pg_catalog as $$
declare
	g record;
	v_n int := 0;
	v_id bigint;
begin
	for g in select d.channel, d.group_key, min(d.at) as first_at, c.group_us * interval '1 microsecond' as pause
		from answerd.delivery d join answerd.channel c on c.name = d.channel and c.is_configured
		where d.state = 'pending' group by 1, 2, 4
		having min(d.at) <= now() - interval '500 ms' or min(d.at) > now() order by 3 loop
		continue when exists (select from answerd.telling t where t.channel = g.channel and t.group_key = g.group_key
			and (t.ended_at is null or (t.is_told and t.made_at > now() - g.pause and t.made_at <= now())));
		insert into answerd.telling (channel, group_key, event, step, policy, n_alerts, title, text, body)
		values (g.channel, g.group_key, split_part(g.group_key, '|', 1), nullif(split_part(g.group_key, '|', 3), ''),
			nullif(split_part(g.group_key, '|', 2), ''), 0, '', '', '') returning telling_id into v_id;
		update answerd.delivery d set state = 'telling', telling_id = v_id
		where d.state = 'pending' and d.channel = g.channel and d.group_key = g.group_key;
		perform answerd.write_telling(v_id);
		v_n := v_n + 1;
	end loop;
	return v_n;
end $$;

-- waiting_title(step, n, policy): the first line of a telling about people who wait.
create or replace function answerd.waiting_title(p_step text, p_n bigint, p_policy text) returns text language sql immutable
set search_path = pg_catalog as $$
	select format('%s customer%s %s%s', p_n, case when p_n = 1 then '' else 's' end, case p_step
		when 'warn' then case when p_n = 1 then 'is still waiting, and the answer is nearly due' else 'are still waiting, and their answers are nearly due' end
		when 'due' then case when p_n = 1 then 'waits longer than we promised' else 'wait longer than we promised' end
		when 'lead' then case when p_n = 1 then 'waits half as long again as we promised' else 'wait half as long again as we promised' end
		when 'stop' then case when p_n = 1 then 'was not answered before the hard stop' else 'were not answered before the hard stop' end
		else case when p_n = 1 then 'waits' else 'wait' end end, coalesce(' (' || p_policy || ')', ''))
$$;

-- waiting_line(conversation): one who waits, with both clocks, for people.
create or replace function answerd.waiting_line(c answerd.conversation) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
	v record;
begin
	select e.*, b.timezone, s.name as holder into v from answerd.conversation_entry e join answerd.brand b on b.brand_id = e.brand_id
	left join answerd.staff s on s.login = e.assignee
	where e.conversation_id = c.conversation_id and e.brand_id = c.brand_id limit 1;
	if v.waiting_since is null then
		return format('- %s on %s: answered meanwhile. answer show %s', coalesce('@' || answerd.one_line(left(v.customer_handle, 60)), 'somebody'),
			v.account, c.conversation_id);
	end if;
	return format('- %s on %s has waited %s since %s (office clock: %s)%s; %s.%s answer show %s',
		coalesce('@' || answerd.one_line(left(v.customer_handle, 60)), 'somebody'), v.account,
		answerd.length_text(answerd.now() - v.waiting_since), answerd.clock_text(v.waiting_since, v.timezone),
		answerd.length_text(answerd.business_between(c.brand_id, v.waiting_since, answerd.now())),
		coalesce(', due ' || answerd.clock_text(v.due_at, v.timezone), ''),
		case when v.holder is not null then 'with ' || answerd.one_line(left(v.holder, 60)) else 'with nobody: the team''s' end,
		coalesce(' “' || nullif(answerd.one_line(left(v.excerpt, 80)), '') || '”', ''), c.conversation_id);
end $$;

-- write_telling(id): title, text and body of what is in it. At most 50 items; the oldest wait first.
create or replace function answerd.write_telling(p_id bigint) returns void language plpgsql set search_path = pg_catalog as $$
declare
	t answerd.telling;
	v_n bigint;
	v_brand text;
	v_account text;
	v_title text;
	v_lines text;
	v_items json;
begin
	select * into t from answerd.telling where telling_id = p_id;
	select count(*), case when count(distinct a.brand_id) = 1 then min(b.name) end,
		case when count(distinct (a.account_id, a.brand_id)) = 1 then min(x.name) end
	into v_n, v_brand, v_account
	from answerd.delivery d join answerd.alert a on a.alert_id = d.alert_id and a.brand_id = d.brand_id
	left join answerd.brand b on b.brand_id = a.brand_id
	left join answerd.account x on x.account_id = a.account_id and x.brand_id = a.brand_id
	where d.telling_id = p_id;
	select coalesce(json_agg(e.entry order by p.since, p.conversation_id), '[]'),
		string_agg(answerd.waiting_line(p.c), E'\n' order by p.since, p.conversation_id)
	into v_items, v_lines
	from (select c, c.conversation_id, c.brand_id, min(a.since) as since
		from answerd.delivery d join answerd.alert a on a.alert_id = d.alert_id and a.brand_id = d.brand_id
		join answerd.conversation c on c.conversation_id = a.conversation_id and c.brand_id = a.brand_id
		where d.telling_id = p_id and a.event = 'waiting' and c.merged_into is null
		group by c, c.conversation_id, c.brand_id order by 4, 2 limit 50) p
	cross join lateral (select j.entry from answerd.entry_json j where j.conversation_id = p.conversation_id and j.brand_id = p.brand_id limit 1) e;
	-- What speaks for itself: health, gaps, digests.
	select string_agg(x.said, E'\n' order by x.at, x.alert_id) || case when count(*) > 50 then E'\n…' else '' end
	into v_title
	from (select a.at, a.alert_id, a.text as said from answerd.delivery d
		join answerd.alert a on a.alert_id = d.alert_id and a.brand_id = d.brand_id
		where d.telling_id = p_id and a.event <> 'waiting' order by a.at, a.alert_id limit 50) x;
	v_lines := concat_ws(E'\n', v_title, v_lines);
	if t.event = 'waiting' then
		v_title := answerd.waiting_title(t.step, v_n, t.policy);
	elsif t.group_key = 'digest||' and exists (select from answerd.delivery where telling_id = p_id and kept_by is not null) then
		v_title := format('%s alert%s kept back while it was quiet', v_n, case when v_n = 1 then ' was' else 's were' end);
	else
		v_title := case when v_n > 1 then v_n || ' times: ' else '' end || case t.event when 'deaf' then 'listening is not what it should be'
			when 'hearing' then 'listening again' when 'quarantine' then 'something could not be read' when 'gap' then 'something was not heard'
			when 'digest' then 'a summary' else 'answerd is alive' end
			|| case when t.step = 'lead' then ', and nobody has acknowledged it' else '' end;
	end if;
	v_title := v_title || coalesce(': ' || coalesce(v_account, v_brand), '');
	if v_n > 50 and t.event = 'waiting' then
		v_lines := concat_ws(E'\n', v_lines, format('… and %s more: answer queue --overdue', v_n - 50));
	end if;
	update answerd.telling set n_alerts = v_n, title = left(v_title, 200), text = v_title || coalesce(E'\n' || v_lines, ''),
		body = json_build_object('event', t.event, 'step', t.step, 'policy', t.policy, 'brand', v_brand, 'account', v_account,
			'count', v_n, 'at', answerd.rfc3339(answerd.now()), 'text', v_title || coalesce(E'\n' || v_lines, ''), 'items', v_items)::text
	where telling_id = p_id;
end $$;

-- told(telling, failure): failure null: the channel took it. A channel that fails three times in a row is told of on the others.
create or replace function answerd.told(p_telling bigint, p_failure text) returns void language plpgsql set search_path = pg_catalog as $$
declare
	t answerd.telling;
	c answerd.channel;
begin
	update answerd.telling set attempts = attempts + 1, failure = p_failure,
		ended_at = case when p_failure is null then now() end, is_told = case when p_failure is null then true end,
		-- Customers' words are not kept twice: what a deletion erases must not live on here.
		text = case when p_failure is null then title else text end, body = case when p_failure is null then '' else body end,
		next_at = now() + random() * least(15, 0.5 * 2 ^ least(attempts, 10)) * interval '1 second'
	where telling_id = p_telling and ended_at is null returning * into t;
	if not found then
		return;
	end if;
	update answerd.channel set told_at = case when p_failure is null then now() else told_at end,
		failures = case when p_failure is null then 0 else failures + 1 end, failure = p_failure,
		failing_since = case when p_failure is null then null else coalesce(failing_since, now()) end
	where name = t.channel returning * into c;
	if p_failure is null then
		update answerd.delivery set state = 'told', told_at = now() where telling_id = p_telling;
		perform answerd.over_said('channel:' || t.channel, jsonb_build_array(jsonb_build_object('code', 'channel_again', 'channel', t.channel)));
	elsif c.failures >= 3 then
		perform answerd.raise_said('deaf', 'channel:' || t.channel, null, null, null,
			jsonb_build_array(jsonb_build_object('code', 'channel_fails', 'channel', t.channel, 'at', answerd.rfc3339(c.failing_since), 'failure', p_failure)),
			answerd.other_channels(t.channel), c.failing_since);
	end if;
end $$;

-- other_channels(name): who hears that a channel fails: whom health is told, else every other one; never itself.
create or replace function answerd.other_channels(p_name text) returns text[] language sql stable set search_path = pg_catalog as $$
	select coalesce(nullif(array(select n from answerd.alert_house h cross join unnest(h.notify) n where n <> p_name), '{}'),
		array(select name from answerd.channel where is_configured and events = '{}' and name <> p_name order by 1))
$$;

-- telling_parts(): sentences about channels that take nothing, for the banner and /healthz, in parts; telling_trouble(): in English. Null: all is well.
create or replace function answerd.telling_parts() returns jsonb language sql stable set search_path = pg_catalog as $$
	select case when count(*) filter (where c.failures >= 3) > 0 then
		case when count(*) filter (where c.failures < 3 and c.events = '{}') = 0 then '[{"code": "alerts_nowhere"}]'::jsonb else '[]' end
		|| jsonb_agg(jsonb_build_object('code', 'channel_down', 'channel', c.name, 'at', answerd.rfc3339(c.failing_since), 'failure', left(c.failure, 200))
			order by c.name) filter (where c.failures >= 3) end
	from answerd.channel c where c.is_configured
$$;
create or replace function answerd.telling_trouble() returns text language sql stable set search_path = pg_catalog as $$
	select answerd.said(answerd.telling_parts(), 'UTC')
$$;
