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

-- raise_alert(event, key, brand, account, source, text, channels, since, parts) → its id, or null when that key stands already.
-- channels null: health.notify. Deafness that nobody acknowledges is told again, to escalate. parts: what the text was made of (08_said.sql).
drop function if exists answerd.raise_alert(text, text, int, int, int, text, text[], timestamptz);
create or replace function answerd.raise_alert(p_event text, p_key text, p_brand int, p_account int, p_source int, p_text text,
	p_channels text[] default null, p_since timestamptz default null, p_parts jsonb default null) returns bigint language plpgsql set search_path = pg_catalog as $$
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
	insert into answerd.alert as a (brand_id, event, key, account_id, source_id, at, since, text, text_parts, channels, repeat_at, over_at)
	values (coalesce(p_brand, 0), p_event, p_key, p_account, p_source, answerd.now(), coalesce(p_since, answerd.now()), p_text, p_parts,
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

-- zone_of(brand): by whose clock a sentence says times; no brand: UTC.
create or replace function answerd.zone_of(p_brand int) returns text language sql stable set search_path = pg_catalog as $$
	select coalesce((select timezone from answerd.brand where brand_id = p_brand), 'UTC')
$$;

-- raise_said(…): the same for a sentence of ours, by the brand's clock.
create or replace function answerd.raise_said(p_event text, p_key text, p_brand int, p_account int, p_source int, p_parts jsonb,
	p_channels text[] default null, p_since timestamptz default null) returns bigint language sql set search_path = pg_catalog as $$
	select answerd.raise_alert(p_event, p_key, p_brand, p_account, p_source, answerd.said(p_parts, answerd.zone_of(p_brand)), p_channels, p_since, p_parts)
$$;

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

-- alert_over(key, text, brand, parts) → how many stood: it is not so any more. For deafness the telling is 'hearing', on the channels
-- that were told; what nobody was told yet is not told any more, neither is its end.
drop function if exists answerd.alert_over(text, text, int);
create or replace function answerd.alert_over(p_key text, p_text text, p_brand int default null, p_parts jsonb default null) returns int language plpgsql
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
			perform answerd.raise_alert('hearing', 'hearing:' || v.alert_id, v.brand_id, v.account_id, v.source_id, p_text, v_told, v.since, p_parts);
		end if;
	end loop;
	return v_n;
end $$;

-- over_said(…): the same with a sentence of ours.
create or replace function answerd.over_said(p_key text, p_parts jsonb, p_brand int default null) returns int language sql set search_path = pg_catalog as $$
	select answerd.alert_over(p_key, answerd.said(p_parts, answerd.zone_of(p_brand)), p_brand, p_parts)
$$;

-- alert_changed(key, text) → 1: raised, or raised anew because it says something else now.
create or replace function answerd.alert_changed(p_key text, p_text text) returns int language plpgsql set search_path = pg_catalog as $$
begin
	update answerd.alert set over_at = answerd.now(), repeat_at = null where key = p_key and brand_id = 0 and over_at is null and text <> p_text;
	return (answerd.raise_alert('deaf', p_key, null, null, null, p_text) is not null)::int;
end $$;
