-- Business time. An instant is office time when the clock on the office's wall then shows a time within one of its frames and
-- no holiday covers it. So a frame that begins in a skipped hour begins when that hour was skipped; a wall clock that is set
-- back shows an hour twice, and both are open or both are closed; a frame past midnight belongs to the day it begins on; a
-- holiday closes its own day from midnight to midnight, the rest of a frame that began the evening before included.
-- Frames stand as rows in UTC (office_frame), so that everything is one probe of an index.

-- zone_spans(zone, from, until) → spans of time during which the zone's clocks keep one distance to UTC. PostgreSQL tells no
-- transitions, so every day is asked, and where two differ the instant is searched, to the second.
create or replace function answerd.zone_spans(p_zone text, p_from timestamptz, p_until timestamptz)
returns table (begins timestamptz, ends timestamptz, shift interval) language sql stable rows 100 set search_path = pg_catalog set jit = off as $$
	with recursive change as (
		select t - 86400 as low, t as high, (to_timestamp(t - 86400) at time zone p_zone) - (to_timestamp(t - 86400) at time zone 'UTC') as was
		from generate_series(extract(epoch from p_from)::bigint + 86400, extract(epoch from p_until)::bigint, 86400) t
		where (to_timestamp(t) at time zone p_zone) - (to_timestamp(t - 86400) at time zone p_zone) <> interval '1 day'
	), search as (
		select low, high, was from change
		union all
		select case when is_same then mid else low end, case when is_same then high else mid end, was
		from (select *, (to_timestamp(mid) at time zone p_zone) - (to_timestamp(mid) at time zone 'UTC') = was as is_same
			from (select *, (low + high) / 2 as mid from search where high - low > 1) m) s
	), begin as (
		select extract(epoch from p_from)::bigint as t
		union all
		select high from search where high - low = 1
	)
	select to_timestamp(t), coalesce(to_timestamp(lead(t) over (order by t)), p_until),
		(to_timestamp(t) at time zone p_zone) - (to_timestamp(t) at time zone 'UTC')
	from begin order by t
$$;

-- zone_rules(zone, until): a digest of the zone's changes of the clock until then: new tzdata is seen by it.
create or replace function answerd.zone_rules(p_zone text, p_until timestamptz) returns text language sql stable set search_path = pg_catalog set jit = off as $$
	select md5(string_agg(answerd.us(s.begins) || ' ' || s.shift, ',' order by s.begins))
	from answerd.zone_spans(p_zone, '2004-01-01Z', p_until) s where s.begins < p_until
$$;

-- week_frames(hours) → ISO day of week, minutes from and until (over 1440: past midnight), of
-- "Mon-Fri 09:00-12:30,13:30-17:00", "Sat 22:00-02:00", "Sun 18:00-24:00".
create or replace function answerd.week_frames(p_hours text[]) returns table (day int, from_min int, until_min int) language sql
immutable rows 10 set search_path = pg_catalog set jit = off as $$
	select distinct (d.first - 1 + n) % 7 + 1, f.from_min, case when f.until_min <= f.from_min then f.until_min + 1440 else f.until_min end
	from unnest(p_hours) h
	cross join lateral regexp_split_to_table(lower(substring(btrim(h) from '^\S+')), ',') r
	cross join lateral (select (strpos('montuewedthufrisatsun', split_part(r, '-', 1)) + 2) / 3 as first,
		(strpos('montuewedthufrisatsun', case when r like '%-%' then split_part(r, '-', 2) else r end) + 2) / 3 as last) d
	cross join lateral generate_series(0, (d.last - d.first + 7) % 7) n
	cross join lateral regexp_split_to_table(substring(btrim(h) from '^\S+\s+(.*)$'), ',') t
	cross join lateral (select regexp_match(t, '(\d\d):(\d\d)-(\d\d):(\d\d)')::int[] as m) x
	cross join lateral (select x.m[1] * 60 + x.m[2] as from_min, x.m[3] * 60 + x.m[4] as until_min) f
$$;

-- calendar_closed(zone, holidays, from, until) → what holidays close. Times without 'Z' are the wall's.
create or replace function answerd.calendar_closed(p_zone text, p_holidays jsonb, p_from timestamptz, p_until timestamptz)
returns table (closed tstzrange, name text) language sql stable set search_path = pg_catalog set jit = off as $$
	with span as materialized (select * from answerd.zone_spans(p_zone, p_from, p_until)),
	holiday as materialized (select h ->> 0 as begins, h ->> 1 as ends, h ->> 2 as name from jsonb_array_elements(p_holidays) h),
	closed as (
		select tstzrange(h.begins::timestamptz, h.ends::timestamptz) * tstzrange(p_from, p_until) as r, h.name from holiday h
		where h.begins like '%Z'
		union all
		select tstzrange((h.begins::timestamp - s.shift) at time zone 'UTC', (h.ends::timestamp - s.shift) at time zone 'UTC')
			* tstzrange(s.begins, s.ends), h.name
		from holiday h cross join span s where h.begins not like '%Z'
	)
	select r, name from closed where not isempty(r)
$$;

-- calendar_open(zone, hours, from, until) → when frames are open, holidays apart: day by day of each span of the zone, cut where
-- the clocks change.
create or replace function answerd.calendar_open(p_zone text, p_hours text[], p_from timestamptz, p_until timestamptz)
returns tstzmultirange language sql stable set search_path = pg_catalog set jit = off as $$
	select coalesce(range_agg(x.open), '{}') from (
		select tstzrange((d + w.from_min * interval '1 min' - s.shift) at time zone 'UTC',
			(d + w.until_min * interval '1 min' - s.shift) at time zone 'UTC') * tstzrange(s.begins, s.ends) as open
		from answerd.zone_spans(p_zone, p_from, p_until) s
		cross join lateral generate_series(date_trunc('day', s.begins at time zone 'UTC' + s.shift) - interval '1 day',
			date_trunc('day', s.ends at time zone 'UTC' + s.shift), interval '1 day') d
		join answerd.week_frames(p_hours) w on w.day = extract(isodow from d)) x
	where not isempty(x.open)
$$;

-- calendar_made(brand, zone, hours, holidays, zone_rules, until): the brand's frames and holidays as rows, from 2004 (what is
-- believed of a platform's time, rules/05) on.
create or replace function answerd.calendar_made(p_brand int, p_zone text, p_hours text[], p_holidays jsonb, p_rules text,
	p_until timestamptz) returns void language plpgsql set search_path = pg_catalog set jit = off as $$
declare
	v_from constant timestamptz := '2004-01-01Z';
begin
	delete from answerd.office_frame where brand_id = p_brand;
	delete from answerd.office_holiday where brand_id = p_brand;
	insert into answerd.office_holiday (brand_id, begins, ends, name)
	select p_brand, lower(c.closed), upper(c.closed), coalesce(c.name, '') from answerd.calendar_closed(p_zone, p_holidays, v_from, p_until) c;
	insert into answerd.office_frame (brand_id, opens, closes, before_us, gap, next_closes)
	select p_brand, f.opens, f.closes, coalesce(sum(f.long) over (order by f.opens rows between unbounded preceding and 1 preceding), 0),
		(answerd.us(lead(f.opens) over o) - answerd.us(f.closes)) * interval '1 microsecond', lead(f.closes) over o
	from (select lower(r) as opens, upper(r) as closes, answerd.us(upper(r)) - answerd.us(lower(r)) as long
		from unnest(answerd.calendar_open(p_zone, p_hours, v_from, p_until)
			- (select coalesce(range_agg(tstzrange(h.begins, h.ends)), '{}') from answerd.office_holiday h where h.brand_id = p_brand)) r) f
	window o as (order by f.opens);
	insert into answerd.office_calendar as k (brand_id, from_at, until_at, timezone, hours, holidays, zone_rules)
	values (p_brand, v_from, p_until, p_zone, p_hours, p_holidays, p_rules)
	on conflict (brand_id) do update set from_at = excluded.from_at, until_at = excluded.until_at, timezone = excluded.timezone,
		hours = excluded.hours, holidays = excluded.holidays, zone_rules = excluded.zone_rules;
end $$;

-- office_until(brand, t): office time from the beginning of the calendar until t, in microseconds; one row. (A row, and no settings of its
-- own: so it becomes a part of the statement that asks for many, where a call costs twenty times as much.)
create or replace function answerd.office_until(p_brand int, p_at timestamptz) returns table (us bigint) language sql stable as $$
	select coalesce((select f.before_us + answerd.us(least(p_at, f.closes)) - answerd.us(f.opens) from answerd.office_frame f
		where f.brand_id = p_brand and f.opens <= p_at order by f.opens desc limit 1), 0)
$$;

-- office_us(brand, t): the same as a number.
create or replace function answerd.office_us(p_brand int, p_at timestamptz) returns bigint language sql stable
set search_path = pg_catalog as $$
	select us from answerd.office_until(p_brand, p_at)
$$;

-- business_between(brand, from, until): the office time between two instants; never less than nothing.
create or replace function answerd.business_between(p_brand int, p_from timestamptz, p_until timestamptz) returns interval
language sql stable set search_path = pg_catalog as $$
	select greatest(answerd.office_us(p_brand, p_until) - answerd.office_us(p_brand, p_from), 0) * interval '1 microsecond'
$$;

-- business_add(brand, from, work): the instant when so much office time has passed: the end of a frame, not the beginning of the
-- next, when it just suffices. Behind the last frame that is known (years ahead, or an office that never opens) time is plain.
create or replace function answerd.business_add(p_brand int, p_from timestamptz, p_work interval) returns timestamptz
language plpgsql stable set search_path = pg_catalog as $$
declare
	v_work bigint := (extract(epoch from p_work) * 1000000)::bigint;
	v_want bigint;
	v_frame answerd.office_frame;
	v_until timestamptz;
begin
	if v_work is null or v_work <= 0 then
		return p_from + p_work;
	end if;
	v_want := answerd.office_us(p_brand, p_from) + v_work;
	select * into v_frame from answerd.office_frame f where f.brand_id = p_brand and f.before_us < v_want
	order by f.before_us desc limit 1;
	if v_frame.opens + (v_want - v_frame.before_us) * interval '1 microsecond' <= v_frame.closes then
		return v_frame.opens + (v_want - v_frame.before_us) * interval '1 microsecond';
	end if;
	select until_at into v_until from answerd.office_calendar where brand_id = p_brand;
	v_want := v_want - coalesce(v_frame.before_us + answerd.us(v_frame.closes) - answerd.us(v_frame.opens), 0);
	return greatest(v_until, p_from) + v_want * interval '1 microsecond';
end $$;

-- business_due(…): the same, for a row that has already found the frame in which `from` lies or which was the last before it:
-- the deadline stands nearly always in that frame or the next, so recompute needs one probe for all its deadlines.
create or replace function answerd.business_due(p_brand int, p_from timestamptz, p_work interval, f_closes timestamptz,
	f_gap interval, f_next_closes timestamptz) returns timestamptz language sql stable as $$
	select case
		when p_work is null then null
		when least(p_from, f_closes) + p_work <= f_closes then p_from + p_work
		when least(p_from, f_closes) + p_work + f_gap <= f_next_closes then least(p_from, f_closes) + p_work + f_gap
		else answerd.business_add(p_brand, p_from, p_work) end
$$;
