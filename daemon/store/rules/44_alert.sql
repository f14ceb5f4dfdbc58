-- Alerts: rows with one key each, and which channels they go to. Who is told when is 45_tell.sql.

-- silenced(brand, account, channel, policy) → the silence that holds it back the longest, or null.
create or replace function answerd.silenced(p_brand int, p_account int, p_channel text, p_policy text) returns answerd.silence
language sql stable set search_path = pg_catalog as $$
	select s from answerd.silence s where s.until > answerd.now() and (s.brand_id is null or s.brand_id = p_brand)
		and (s.account_id is null or s.account_id = p_account) and (s.channel is null or s.channel = p_channel)
		and (s.policy is null or s.policy = p_policy)
	order by s.until desc, s.silence_id limit 1
$$;

-- channels_of(names) → those that are configured, once each; none of them: whom health is told.
create or replace function answerd.channels_of(p_names text[]) returns text[] language plpgsql stable set search_path = pg_catalog as $$
declare
	v text[] := array(select distinct c.name from answerd.channel c where c.is_configured and c.events = '{}' and c.name = any(p_names) order by 1);
begin
	if cardinality(v) = 0 and cardinality(p_names) > 0 then
		v := array(select c.name from answerd.channel c cross join answerd.alert_house h where c.is_configured and c.name = any(h.notify) order by 1);
	end if;
	return v;
end $$;

-- raise_alert(event, key, brand, account, source, text, channels) → its id, or null when that key stands already.
-- channels null: health.notify. Deafness that nobody acknowledges is told again, to escalate.
create or replace function answerd.raise_alert(p_event text, p_key text, p_brand int, p_account int, p_source int, p_text text,
	p_channels text[] default null, p_since timestamptz default null) returns bigint language plpgsql set search_path = pg_catalog as $$
declare
	v_house answerd.alert_house;
	v_id bigint;
begin
	-- Most often it stands: then nothing is written, not even a number taken.
	if exists (select from answerd.alert where key = p_key and brand_id = coalesce(p_brand, 0)
		and (over_at is null or event in ('waiting', 'digest'))) then
		return null;
	end if;
	select * into v_house from answerd.alert_house;
	insert into answerd.alert as a (brand_id, event, key, account_id, source_id, at, since, text, channels, repeat_at, over_at)
	values (coalesce(p_brand, 0), p_event, p_key, p_account, p_source, answerd.now(), coalesce(p_since, answerd.now()), p_text,
		answerd.channels_of(coalesce(p_channels, v_house.notify)),
		case when p_event = 'deaf' then answerd.now() + v_house.repeat_us * interval '1 microsecond' end,
		-- These say something once; they do not stand until they are over.
		case when p_event in ('hearing', 'digest', 'heartbeat') then answerd.now() end)
	on conflict (key, brand_id) where over_at is null or event in ('waiting', 'digest') do nothing
	returning a.alert_id into v_id;
	if v_id is not null then
		perform answerd.deliver(v_id, coalesce(p_brand, 0), coalesce(p_channels, v_house.notify), 0);
	end if;
	return v_id;
end $$;

-- deliver(alert, brand, channels, round): one delivery a channel. Wakes whoever speaks.
create or replace function answerd.deliver(p_alert bigint, p_brand int, p_channels text[], p_round int) returns void language sql
set search_path = pg_catalog as $$
	insert into answerd.delivery (brand_id, alert_id, channel, round, group_key)
	select a.brand_id, a.alert_id, c.name, p_round, concat_ws('|', a.event, coalesce(a.policy, ''), coalesce(a.step, ''))
	from answerd.alert a cross join unnest(answerd.channels_of(p_channels)) c(name)
	where a.alert_id = p_alert and a.brand_id = p_brand
	on conflict do nothing;
	select pg_notify('answerd_alert', '');
	select pg_notify('answerd_event', 'alert sources');
$$;

-- alert_over(key, text, brand) → how many stood: it is not so any more. For deafness the telling is 'hearing', on the channels
-- that were told; what nobody was told yet is not told any more, neither is its end.
create or replace function answerd.alert_over(p_key text, p_text text, p_brand int default null) returns int language plpgsql
set search_path = pg_catalog as $$
declare
	v answerd.alert;
	v_n int := 0;
	v_told text[];
begin
	for v in update answerd.alert set over_at = answerd.now(), repeat_at = null
		where key = p_key and over_at is null and (p_brand is null or brand_id = p_brand) returning * loop
		v_n := v_n + 1;
		update answerd.delivery d set state = 'dropped' where d.alert_id = v.alert_id and d.brand_id = v.brand_id
			and d.state in ('pending', 'kept');
		v_told := array(select distinct d.channel from answerd.delivery d where d.alert_id = v.alert_id and d.brand_id = v.brand_id
			and d.state in ('telling', 'told'));
		if v.event = 'deaf' and cardinality(v_told) > 0 then
			perform answerd.raise_alert('hearing', 'hearing:' || v.alert_id, v.brand_id, v.account_id, v.source_id, p_text, v_told, v.since);
		end if;
	end loop;
	return v_n;
end $$;

-- alert_changed(key, text) → 1: raised, or raised anew because it says something else now.
create or replace function answerd.alert_changed(p_key text, p_text text) returns int language plpgsql set search_path = pg_catalog as $$
begin
	update answerd.alert set over_at = answerd.now(), repeat_at = null where key = p_key and brand_id = 0 and over_at is null and text <> p_text;
	return (answerd.raise_alert('deaf', p_key, null, null, null, p_text) is not null)::int;
end $$;
