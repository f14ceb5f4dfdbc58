-- Deafness (RELIABILITY I5): what makes us doubt that a source is heard. The sweep runs with the alert sweep, every few seconds: it
-- compares what is wrong now with what stood in answerd.trouble, tells what is new and what is over. A dead account speaks once, not
-- once per source. Every sentence says since when, why, and what a person can do.

-- hearing_fact(…): what an answer says of its server. 'unread' 1: most of what the source serves cannot be read, 0: it can;
-- 'skew' microseconds that the server's clock is off, 0: it is right; 'token_until' the end of the credential, 0: what was said with the
-- session holds.
create or replace function answerd.hearing_fact(p_brand int, p_account int, p_source int, p_epoch bigint, p_name text, p_value bigint)
returns void language plpgsql set search_path = pg_catalog, answerd as $$
begin
	perform from answerd.account where account_id = p_account and brand_id = p_brand and epoch = p_epoch for no key update;
	if not found then
		return;
	end if;
	case p_name
		when 'unread' then update answerd.source set unread_since = case when p_value <> 0 then coalesce(unread_since, answerd.now()) end
			where source_id = p_source and account_id = p_account and brand_id = p_brand;
		when 'skew' then update answerd.account set skew_us = nullif(p_value, 0) where account_id = p_account and brand_id = p_brand;
		when 'token_until' then
			update answerd.account a set token_until = u.until
			from (select coalesce(answerd.from_us(nullif(p_value, 0)), (select c.token_until from answerd.credential c
				where c.account_id = p_account and c.brand_id = p_brand)) as until) u
			where a.account_id = p_account and a.brand_id = p_brand and a.token_until is distinct from u.until;
	end case;
end $$;

-- ---- the source's own rhythm ----

-- learn_rhythm(brand, account): notes the hours in which its sources brought something, behind what is stored; a few thousand
-- messages a call. Late ones may be missed: this is a habit, not a ledger.
create or replace function answerd.learn_rhythm(p_brand int, p_account int) returns void language plpgsql
set search_path = pg_catalog, answerd as $$
declare
	v_from timestamptz;
	v_until timestamptz;
begin
	select r.learned_until into v_from from answerd.rhythm r where r.account_id = p_account and r.brand_id = p_brand;
	v_from := coalesce(v_from, answerd.now() - interval '12 weeks');
	with part as materialized (
		select m.external_id, m.at, m.direction from answerd.message m
		where m.account_id = p_account and m.brand_id = p_brand and m.at > v_from and m.at <= answerd.now()
			and m.deleted_at is null and m.kind <> 'other' and m.thread_id is null and m.direction <> 'context'
		order by m.account_id, m.at limit 2000
	), hours as (
		insert into answerd.rhythm_hour (brand_id, account_id, source_id, hour)
		select distinct p_brand, p_account, s.source_id, date_trunc('hour', p.at) from part p
		cross join lateral (select x.source_id from answerd.message_source x where x.external_id = p.external_id and x.account_id = p_account
			and x.brand_id = p_brand offset 0) s
		on conflict do nothing
	)
	select max(at) into v_until from part;
	insert into answerd.rhythm as r (brand_id, account_id, learned_until, learned_at) values (p_brand, p_account, v_until, answerd.now())
	on conflict (account_id, brand_id) do update set learned_until = coalesce(excluded.learned_until, r.learned_until), learned_at = excluded.learned_at;
end $$;

-- silence_of(source, since, zone) → for how long a silence that began then has to last before it is strange: three times the 99th
-- percentile of the source's own silences, of those that began in the same hour of the week (with its neighbours) and of those that
-- reached into the present one, whichever is longer; where these are few, of all of them. Null: its habits are not known yet, or this
-- may be a holiday that nobody told us of (no `holidays`): since a day before, and not yet for more than two days on which it usually speaks.
create or replace function answerd.silence_of(p_brand int, p_account int, p_source int, p_since timestamptz, p_zone text) returns interval
language sql stable set search_path = pg_catalog as $$
	with clock as materialized (
		select answerd.now() as now -- asked once: below it would be asked for every pair of rows
	), gap as materialized (
		select h.hour, lead(h.hour) over (order by h.hour) as next, (extract(epoch from h.hour at time zone p_zone) / 3600)::bigint as local
		from answerd.rhythm_hour h where h.source_id = p_source and h.account_id = p_account and h.brand_id = p_brand
			and h.hour > (select now - interval '12 weeks' from clock)
	), known as (
		select count(next) as n, max(hour) - min(hour) as span, percentile_disc(0.99) within group (order by next - hour) as usual from gap where next is not null
	), began as (
		select count(*) as n, percentile_disc(0.99) within group (order by g.next - g.hour) as usual from gap g
		where g.next is not null and (g.local - (extract(epoch from p_since at time zone p_zone) / 3600)::bigint + 168001) % 168 <= 2
	), week as materialized (
		select c.now - w * interval '1 week' as at from clock c cross join generate_series(1, 11) w
	), reached as (
		select count(*) as n, percentile_disc(0.99) within group (order by g.next - g.hour) as usual from week t
		join gap g on g.hour <= t.at and g.next > t.at
	)
	select 3 * greatest(b.usual, r.usual, case when b.n < 4 or r.n < 4 then k.usual end, interval '1 hour')
	from clock c, known k, began b, reached r where k.n >= 20 and k.span >= interval '14 days'
		and ((p_since at time zone p_zone)::date = (c.now at time zone p_zone)::date
			or exists (select from answerd.office_holiday y where y.brand_id = p_brand)
			or 2 < (select count(*) from generate_series(date_trunc('day', p_since at time zone p_zone) + interval '1 day',
				c.now at time zone p_zone - interval '17 hours', interval '1 day') d where 3 <= (select count(distinct g.local / 24) from gap g
					where extract(isodow from g.hour at time zone p_zone) = extract(isodow from d))))
$$;

-- ---- what is wrong ----

-- silent_since(source): the last sign that anything is said there; holidays of the brand do not count as silence.
create or replace function answerd.silent_for(s answerd.source) returns interval language sql stable set search_path = pg_catalog as $$
	select answerd.now() - s.news_at - coalesce((select sum(least(h.ends, answerd.now()) - greatest(h.begins, s.news_at)) from answerd.office_holiday h
		where h.brand_id = s.brand_id and h.begins < answerd.now() and h.ends > s.news_at), interval '0')
$$;

-- is_listening(source): one that news come from. What we say ourselves and what is read for other reasons may be silent for years.
create or replace function answerd.may_be_silent(p_name text) returns bool language sql immutable parallel safe as $$
	select p_name in ('own', 'threads', 'rechecks') or p_name like 'own:%'
$$;

-- source_trouble(): every source that is configured, with what is wrong with it, seen alone. n_needed: in how many sweeps in a row it
-- has to be seen before anybody is told; so a jump of a clock is no trouble.
create or replace view answerd.source_trouble as
select s.brand_id, s.account_id, s.source_id, s.name as source, a.name as account, b.timezone, t.reason, t.since, t.n_needed, t.is_deaf, answerd.said(jsonb_build_array(t.part), b.timezone) as why, t.part
from answerd.source s
join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id and a.is_configured
join answerd.brand b on b.brand_id = s.brand_id and b.is_configured
cross join lateral (
	select 'refused' as reason, s.failing_since as since, 1 as n_needed, true as is_deaf, answerd.part_of(s.failure) as part
	where s.failures >= 2 and s.failure_kind = 'auth' and a.state <> 'refused'
	union all
	select 'unreadable', s.failing_since, 1, true, jsonb_build_object('code', 'why_unreadable', 'failure', s.failure)
	where s.failures >= 3 and s.failure_kind = 'data' and s.failing_since <= answerd.now() - interval '2 min'
	union all
	select 'failing', s.failing_since, 1, true, jsonb_build_object('code', 'why_failing', 'failures', s.failures, 'failure', s.failure)
	where s.failures >= 3 and s.failure_kind not in ('data', 'auth') and s.failing_since <= answerd.now() - interval '5 min'
	union all
	select 'changed', s.unread_since, 1, true, jsonb_build_object('code', 'why_changed')
	where s.unread_since is not null
	union all
	select 'late', greatest(s.heard_at, a.leased_at), 3 + (2 * a.every_us / 5000000)::int, true,
		case when x.until > answerd.now() then jsonb_build_object('code', 'why_budget', 'at', answerd.rfc3339(x.until))
			else jsonb_build_object('code', 'why_late') end
	from (select greatest(a.ask_after, case when a.rate_left <= a.rate_limit / 5 then a.rate_reset end) as until) x
	where s.failures = 0 and s.name not in ('threads', 'rechecks') and a.state = 'listening'
		and coalesce(greatest(s.heard_at, a.leased_at) < answerd.now() - (interval '15 min' + 5 * a.every_us * interval '1 microsecond'), false)
	union all
	select 'stuck', s.stuck_since, 3, true, jsonb_build_object('code', 'why_stuck')
	where s.stuck_since < answerd.now() - greatest(interval '10 min', 10 * a.every_us * interval '1 microsecond')
	union all
	select 'silent', s.news_at, 3, true, jsonb_build_object('code', 'why_silent', 'at', answerd.rfc3339(s.news_at), 'usual_s', extract(epoch from s.usual_silence / 3)::bigint)
	from answerd.alert_house h
	where not answerd.may_be_silent(s.name) and s.usual_at > s.news_at
		-- A failure in between is no word of anybody: what was told stands on.
		and (s.failures = 0 or exists (select from answerd.trouble o where o.account_id = s.account_id and o.source_id = s.source_id
			and o.reason = 'silent' and o.brand_id = s.brand_id and o.key is not null)) and s.usual_silence is not null
		and s.news_at < answerd.now() - h.silent_us * interval '1 microsecond'
		and answerd.silent_for(s) > greatest(s.usual_silence, h.silent_us * interval '1 microsecond')
	union all
	select 'slow', s.polled_at, 3, false, jsonb_build_object('code', 'why_slow', 'asked_s', extract(epoch from s.interval_us * interval '1 microsecond')::bigint, 'every_s', extract(epoch from a.every_us * interval '1 microsecond')::bigint)
	where s.failures = 0 and s.name not in ('threads', 'rechecks') and s.interval_us > greatest(2 * a.every_us, a.every_us + 5000000)
) t
-- Most sources are well: they are not looked at eight times.
where s.is_configured and (s.failures >= 2 or s.unread_since is not null or s.stuck_since is not null or s.usual_silence is not null
	or s.interval_us > 2 * a.every_us or coalesce(s.heard_at < answerd.now() - interval '15 min', false));

-- account_trouble(): what concerns a whole account; no source of it is asked what is wrong with it then.
create or replace view answerd.account_trouble as
select a.brand_id, a.account_id, a.name as account, b.timezone, t.reason, t.since, t.is_deaf, answerd.said(jsonb_build_array(t.part), b.timezone) as why, t.part
from answerd.account a
join answerd.brand b on b.brand_id = a.brand_id and b.is_configured
cross join lateral (
	select 'refused' as reason, a.state_since as since, true as is_deaf, answerd.part_of(a.state_reason) as part where a.state = 'refused'
	union all
	select 'failing', a.state_since, true, answerd.part_of(a.state_reason) where a.state = 'failing' and a.state_since <= pg_catalog.now() - interval '5 min'
	union all
	select 'token', a.token_until, false, jsonb_build_object('code', case when a.token_until > answerd.now() then 'token_ends' else 'token_ended' end, 'at', answerd.rfc3339(a.token_until),
		'todo', case when exists (select from answerd.credential c where c.account_id = a.account_id and c.brand_id = a.brand_id and c.connected_at is not null)
			then jsonb_build_object('code', 'token_connect', 'account', a.name) else jsonb_build_object('code', 'token_make') end)
	where a.token_until < answerd.now() + interval '7 days'
	union all
	select 'clock', answerd.now(), false, jsonb_build_object('code', 'clock_apart', 'apart_s', extract(epoch from abs(a.skew_us) * interval '1 microsecond')::bigint)
	where abs(a.skew_us) > 60000000
) t
where a.is_configured;

-- trouble_now(): the two together. All sources of an account that fail are one trouble of the account; where one of them was told
-- before, the others follow it.
create or replace view answerd.trouble_now as
select t.brand_id, t.account_id, 0 as source_id, t.reason, t.since, t.is_deaf, 1 as n_needed,
	answerd.said(p.parts, t.timezone) as text, p.parts
from answerd.account_trouble t
cross join lateral (select jsonb_build_array(jsonb_build_object('code', case when t.is_deaf then 'deaf_account' else 'doubt_account' end, 'account', t.account,
	'at', answerd.rfc3339(t.since), 'why', t.part)) as parts) p
union all
select t.brand_id, t.account_id, case when x.is_whole then 0 else t.source_id end, case when x.is_whole then 'unheard' else t.reason end, min(t.since),
	bool_or(t.is_deaf), min(t.n_needed), min(y.text), (array_agg(y.parts order by y.text))[1]
from answerd.source_trouble t
cross join lateral (select t.is_deaf and t.reason not in ('silent', 'changed') and (select count(*) > 1
		and bool_and(s.failures > 0 or s.stuck_since is not null or coalesce(s.heard_at, '-infinity') < answerd.now() - interval '15 min')
	from answerd.source s where s.account_id = t.account_id and s.brand_id = t.brand_id and s.is_configured
		and s.name not in ('threads', 'rechecks')) as is_whole offset 0) x
cross join lateral (select p.parts, answerd.said(p.parts, t.timezone) as text from (select jsonb_build_array(jsonb_build_object('code', case
		when x.is_whole then case when t.is_deaf then 'deaf_account' else 'doubt_account' end when t.is_deaf then 'deaf_source' else 'doubt_source' end,
	'account', t.account, 'source', case when not x.is_whole then t.source end, 'at', answerd.rfc3339(t.since), 'why', t.part)) as parts) p offset 0) y
where not exists (select from answerd.account_trouble a where a.account_id = t.account_id and a.brand_id = t.brand_id and a.is_deaf)
group by t.brand_id, t.account_id, 3, 4, x.is_whole;

-- ---- the sweep ----

-- deaf_sweep() → how much was told. Its own failure is told too: it must never take the sweep of the clocks with it.
create or replace function answerd.deaf_sweep(p_all bool default true) returns int language plpgsql set search_path = pg_catalog, answerd as $$
declare
	r record;
	t answerd.trouble;
	v_seen answerd.trouble_now[];
	v_keys text[];
	v_n int := 0;
begin
	if p_all then
		for r in select a.brand_id, a.account_id from answerd.account a left join answerd.rhythm y using (account_id, brand_id)
			where a.is_configured and coalesce(y.learned_at not between answerd.now() - interval '10 min' and answerd.now(), true)
			order by y.learned_at nulls first limit 20 loop
			perform answerd.learn_rhythm(r.brand_id, r.account_id);
		end loop;
		-- The usual silence of what is silent now: it changes with the hour of the week.
		update answerd.source s set usual_silence = answerd.silence_of(s.brand_id, s.account_id, s.source_id, s.news_at, x.timezone),
			usual_at = answerd.now()
		from (select s.source_id, s.account_id, s.brand_id, b.timezone from answerd.source s join answerd.brand b on b.brand_id = s.brand_id
			cross join answerd.alert_house h
			where s.is_configured and not answerd.may_be_silent(s.name) and s.news_at < answerd.now() - h.silent_us * interval '1 microsecond'
				and not exists (select from answerd.trouble o where o.account_id = s.account_id and o.source_id = s.source_id and o.reason = 'silent'
					and o.brand_id = s.brand_id and o.key is not null) -- it stands until somebody speaks
				and coalesce(s.usual_at < s.news_at or s.usual_at not between answerd.now() - interval '1 hour' and answerd.now(), true)
			order by s.usual_at nulls first limit 25) x
		where s.source_id = x.source_id and s.account_id = x.account_id and s.brand_id = x.brand_id;
		delete from answerd.rhythm_hour h where h.hour < answerd.now() - interval '13 weeks'
			and h.source_id in (select source_id from answerd.source order by random() limit 10);
	end if;
	select coalesce(array_agg(n), '{}') into v_seen from answerd.trouble_now n;
	select coalesce(array_agg(concat_ws(':', s.account_id, s.source_id, s.reason)), '{}') into v_keys from unnest(v_seen) s;
	insert into answerd.trouble as o (brand_id, account_id, source_id, reason, is_deaf, since, n_needed, text, text_parts)
	select s.brand_id, s.account_id, s.source_id, s.reason, s.is_deaf, s.since, s.n_needed, s.text, s.parts from unnest(v_seen) s
	on conflict (account_id, source_id, reason, brand_id) do update set n_seen = o.n_seen + 1, text = excluded.text, text_parts = excluded.text_parts
	where o.key is null or o.text <> excluded.text;
	-- Over, and silently where nobody was told. A whole account is heard again only when all of it is.
	for t in delete from answerd.trouble x where concat_ws(':', x.account_id, x.source_id, x.reason) <> all (v_keys)
			and not (x.reason = 'unheard' and x.key is not null and exists (select from answerd.source s where s.account_id = x.account_id
				and s.brand_id = x.brand_id and s.is_configured and s.failures > 0 and s.name not in ('threads', 'rechecks')))
		returning x.* loop
		if t.key is not null then
			v_n := v_n + answerd.over_said(t.key, answerd.trouble_over(t), t.brand_id);
		end if;
	end loop;
	-- New, and seen often enough; a source of an account that was told as a whole does not speak as well.
	for r in select o.* from answerd.trouble o
		where o.key is null and o.n_seen >= o.n_needed and (o.source_id = 0 or not exists (select from answerd.trouble w
			where w.account_id = o.account_id and w.brand_id = o.brand_id and w.source_id = 0 and w.is_deaf and w.key is not null)) loop
		update answerd.trouble set key = format('deaf:%s:%s:%s:%s', r.account_id, r.source_id, r.reason, answerd.us(r.since))
		where account_id = r.account_id and source_id = r.source_id and reason = r.reason and brand_id = r.brand_id returning key into r.key;
		v_n := v_n + (answerd.raise_alert('deaf', r.key, r.brand_id, r.account_id, nullif(r.source_id, 0), r.text, null, least(r.since, answerd.now()), r.text_parts)
			is not null)::int;
	end loop;
	return v_n + answerd.quarantine_sweep() + answerd.gap_sweep() + answerd.zone_sweep();
end $$;

-- zone_sweep(): a time zone that this server does not know makes deadlines and quiet hours wrong. Told while it is so.
create or replace function answerd.zone_sweep() returns int language plpgsql set search_path = pg_catalog, answerd as $$
declare
	r record;
	v_n int := 0;
begin
	-- What a channel needs follows from its row; a brand's calendar is made when the worker declares it again, every hour.
	update answerd.channel set timezone = refused_zone, refused_zone = null where refused_zone is not null and answerd.is_zone(refused_zone);
	for r in select 'zone:' || b.brand_id || ':' || b.refused_zone as key, b.brand_id, jsonb_build_array(jsonb_build_object('code', 'zone_brand', 'brand', b.name, 'zone', b.refused_zone, 'counted', b.timezone)) as parts
			from answerd.brand b where b.is_configured and b.refused_zone is not null
		union all
		select 'zone:' || c.name || ':' || c.refused_zone, null, jsonb_build_array(jsonb_build_object('code', 'zone_channel', 'channel', c.name, 'zone', c.refused_zone))
			from answerd.channel c where c.is_configured and c.refused_zone is not null loop
		v_n := v_n + (answerd.raise_said('deaf', r.key, r.brand_id, null, null, r.parts) is not null)::int;
	end loop;
	for r in select a.key, a.brand_id, jsonb_build_array(jsonb_build_object('code', case when b.name is null then 'zone_channel_known' else 'zone_brand_known' end,
			'name', coalesce(b.name, split_part(a.key, ':', 2)))) as parts from answerd.alert a
			left join answerd.brand b on b.brand_id = a.brand_id
		where a.event = 'deaf' and a.over_at is null and a.key like 'zone:%'
			and not exists (select from answerd.brand x where x.is_configured and x.refused_zone is not null
				and a.key = 'zone:' || x.brand_id || ':' || x.refused_zone)
			and not exists (select from answerd.channel x where x.is_configured and x.refused_zone is not null
				and a.key = 'zone:' || x.name || ':' || x.refused_zone) loop
		v_n := v_n + answerd.over_said(r.key, r.parts, r.brand_id);
	end loop;
	return v_n;
end $$;

-- trouble_over(trouble) → the sentence that says so, in parts.
drop function if exists answerd.trouble_over(answerd.trouble);
create or replace function answerd.trouble_over(t answerd.trouble) returns jsonb language sql stable set search_path = pg_catalog as $$
	select jsonb_build_array(jsonb_build_object('code', case when not (a.is_configured and coalesce(s.is_configured, true)) then 'over_gone'
		when t.reason = 'token' then 'over_token' when t.reason = 'clock' then 'over_clock' when t.reason = 'slow' then 'over_slow'
		when t.reason = 'silent' then 'over_silent' else 'over_deaf' end, 'name', x.name, 'at', answerd.rfc3339(t.since)))
	from answerd.account a
	left join answerd.source s on s.source_id = t.source_id and s.account_id = a.account_id and s.brand_id = a.brand_id
	cross join lateral (select a.name || coalesce(' ' || s.name, '') as name) x
	where a.account_id = t.account_id and a.brand_id = t.brand_id
$$;

-- quarantine_sweep(): what a source served and we could not read is told once a day while it goes on, with a count.
create or replace function answerd.quarantine_sweep() returns int language plpgsql set search_path = pg_catalog, answerd as $$
declare
	r record;
	v_n int := 0;
begin
	for r in select q.brand_id, q.account_id, q.source_id, a.name as account, s.name as source, count(*) as n, min(q.first_seen_at) as since,
			(array_agg(q.reason order by q.quarantine_id desc))[1] as reason
		from (select * from answerd.quarantine where resolved_at is null order by quarantine_id desc limit 1000) q
		join answerd.account a on a.account_id = q.account_id and a.brand_id = q.brand_id
		left join answerd.source s on s.source_id = q.source_id and s.account_id = q.account_id and s.brand_id = q.brand_id
		where q.first_seen_at > answerd.now() - interval '1 day'
			and not exists (select from answerd.alert x where x.event = 'quarantine' and x.over_at is null
				and x.key = format('quarantine:%s:%s', q.account_id, q.source_id) and x.brand_id = q.brand_id)
		group by 1, 2, 3, 4, 5 loop
		v_n := v_n + (answerd.raise_said('quarantine', format('quarantine:%s:%s', r.account_id, r.source_id), r.brand_id, r.account_id,
			nullif(r.source_id, 0), jsonb_build_array(jsonb_build_object('code', 'unread', 'where', concat_ws(' ', r.account, r.source), 'n', r.n, 'why', answerd.one_line(left(r.reason, 200)))), null, r.since) is not null)::int;
	end loop;
	perform answerd.alert_over(a.key, null, a.brand_id) from answerd.alert a where a.event = 'quarantine' and a.over_at is null
		and not a.at between answerd.now() - interval '1 day' and answerd.now() + interval '1 day';
	return v_n;
end $$;

-- gap_sweep(): a hole that cannot be closed, or not within an hour, is told; one telling a source, day and state.
create or replace function answerd.gap_sweep() returns int language plpgsql set search_path = pg_catalog, answerd as $$
declare
	r record;
	v_n int := 0;
begin
	for r in select g.*, a.name as account, s.name as source, answerd.lost_parts(g) as lost, k.key
		from answerd.gap g join answerd.account a on a.account_id = g.account_id and a.brand_id = g.brand_id
		join answerd.source s on s.source_id = g.source_id and s.account_id = g.account_id and s.brand_id = g.brand_id
		cross join lateral (select format('gap:%s:%s:%s', g.source_id, (g.found_at at time zone 'UTC')::date,
			case when g.lost_at is null then 'open' else 'lost' end) as key) k
		where (g.lost_at > answerd.now() - interval '1 day' or (g.closed_at is null and g.found_at < answerd.now() - interval '1 hour'))
			and not exists (select from answerd.alert x where x.event = 'gap' and x.key = k.key and x.brand_id = g.brand_id)
		order by g.gap_id loop
		v_n := v_n + (answerd.raise_said('gap', r.key, r.brand_id, r.account_id, r.source_id, jsonb_build_array(jsonb_build_object('code', 'gap_told',
			'account', r.account, 'source', r.source, 'span', jsonb_build_object('code', case when r.from_at is null then 'span_to' else 'span_from' end,
			'from_at', answerd.rfc3339(r.from_at), 'until_at', answerd.rfc3339(r.until_at)), 'why', answerd.part_of(r.reason),
			'todo', case when r.lost is null then jsonb_build_object('code', 'gap_is_open') else jsonb_build_object('code', 'gap_is_lost', 'why', r.lost) end)), null,
			r.from_at) is not null)::int;
	end loop;
	perform answerd.alert_over(a.key, null, a.brand_id) from answerd.alert a where a.event = 'gap' and a.over_at is null
		and case when a.key like '%:lost' then a.at < answerd.now() - interval '1 day' else not exists (select from answerd.gap g
			where g.source_id = a.source_id and g.brand_id = a.brand_id and g.closed_at is null) end;
	return v_n;
end $$;
