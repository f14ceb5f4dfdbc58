-- Reports: what leads and analysts ask about a span of time. Each is one object, {from, to, now, zone, items, …}; csv_of() makes a
-- table of its items. All that is said follows from the messages, at the moment when it is asked.
-- Every one of them reads answerd.message once (rules/66_waits); the desk lets at most four be made at once, on a connection of
-- their own with a deadline of 50 s. Measured on two busy cores: 0.4 s of a core for each million messages that are there (30 days
-- of a year), and 3 to 4 s for each million that lie in the span; a single brand costs its own share of that.

-- report_span(from, to) → the span that is meant: to now, from thirty days before, unless said otherwise.
create or replace function answerd.report_span(p_from timestamptz, p_to timestamptz, out o_from timestamptz, out o_to timestamptz)
language plpgsql stable set search_path = pg_catalog as $$
begin
	o_to := coalesce(p_to, answerd.now());
	o_from := coalesce(p_from, o_to - interval '30 days');
	if o_from >= o_to then
		perform answerd.refuse_as('AN400', 'span_wrong', 'The span of a report begins before it ends.');
	end if;
end $$;

-- report_zone(brand): whose clock days and hours are told by: the brand's; of all brands, the one that they share, else UTC.
create or replace function answerd.report_zone(p_brand int) returns text language sql stable set search_path = pg_catalog as $$
	select case when count(distinct timezone) = 1 then min(timezone) else 'UTC' end from answerd.brand
	where case when p_brand is null then is_configured else brand_id = p_brand end
$$;

-- report_waits(from, to, brand, staff) → the waits that began in the span, with both clocks and what had been promised (by the
-- policies and hours as they are now): how long it took, or has taken, and whether that was within the promise (null: not
-- promised, or not over and still in time).
create or replace function answerd.report_waits(p_from timestamptz, p_to timestamptz, p_now timestamptz, p_brand int, p_staff bool)
returns table (brand_id int, account_id int, since timestamptz, is_open bool, is_first bool, calendar_s float8, office_s float8, is_kept bool,
	actor bigint) language sql stable parallel safe rows 10000 as $$
	select x.brand_id, x.account_id, x.since, x.is_open, x.is_first, x.calendar_s, x.office_s,
		case when case when x.is_calendar then x.calendar_s else x.office_s end > x.promised_s then false
			when not x.is_open and x.promised_s is not null then true end, x.actor
	from (
		select z.brand_id, z.account_id, z.since, z.is_open, z.is_first, z.actor, z.end_s - z.since_s as calendar_s,
			answerd.office_at(width_bucket(z.end_s, z.opens), z.opens, z.closes, z.before_s, z.end_s)
				- answerd.office_at(width_bucket(z.since_s, z.opens), z.opens, z.closes, z.before_s, z.since_s) as office_s,
			q.is_calendar or z.opens = '{}' as is_calendar, date_part('epoch', case when z.is_first then q.first else q.next end) as promised_s
		from (
			select w.*, a.brand_id, o.opens, o.closes, o.before_s, w.answered_at is null as is_open, date_part('epoch', w.since) as since_s,
				date_part('epoch', greatest(coalesce(w.answered_at, p_now), w.since)) as end_s
			from answerd.waits(p_from, p_brand, p_staff) w
			join answerd.account a on a.account_id = w.account_id
			join answerd.office_hours(p_from, p_now) o on o.brand_id = a.brand_id
			where w.since >= p_from and w.since < p_to offset 0) z
		left join answerd.policy_choice q on q.kind = z.kind and q.nature = z.nature and q.is_about = z.is_about and q.brand_id = z.brand_id
		offset 0) x
$$;

-- seconds_json(percentiles of the customer's clock, of the office's): null where nobody was answered.
create or replace function answerd.seconds_json(p_count bigint, p_calendar float8[], p_office float8[]) returns json language sql immutable
parallel safe as $$
	select json_build_object('count', p_count, 'p50_s', round(p_calendar[1]), 'p90_s', round(p_calendar[2]), 'p99_s', round(p_calendar[3]),
		'office_p50_s', round(p_office[1]), 'office_p90_s', round(p_office[2]), 'office_p99_s', round(p_office[3]))
$$;

-- report_response_times(…, by): how long people who began to wait in the span waited for us: first and next answers apart, both
-- clocks; a percentile is a wait that really was (nearest rank). within: of those whose promise has been decided, how many were
-- answered in time; who still waits and is over the promise counts as broken, so that silence does not make a report better.
-- by hour: the hour of the week, by the brand's clock, in which they began to wait.
create or replace function answerd.report_response_times(p_from timestamptz, p_to timestamptz, p_by text, p_brand text, p_may_staff bool)
returns json language plpgsql stable set search_path = pg_catalog set enable_hashagg = off as $$ -- waits come sorted: a fifth less than by hashing
declare
	v_brand int := answerd.brand_named(p_brand);
	v_now timestamptz := answerd.now();
	v_from timestamptz;
	v_to timestamptz;
	v_by text := coalesce(p_by, 'platform');
	v_items json;
begin
	if v_by not in ('platform', 'account', 'hour', 'day', 'staff') then
		perform answerd.refuse('AN400', '"by" is platform, account, hour, day or staff.');
	elsif v_by = 'staff' and not coalesce(p_may_staff, false) then
		perform answerd.refuse_as('AN403', 'staff_reports_off', 'Reports by member of staff are switched off. Who runs this house can allow them, when its people agree: '
			'staff_reports = true in the desk group of the configuration.');
	end if;
	select o_from, o_to into v_from, v_to from answerd.report_span(p_from, p_to);
	v_items := (select json_agg(json_build_object('key', x.key, 'brand', x.brand, 'platform', x.platform,
			'count', x.n, 'open', x.n_open, 'first', answerd.seconds_json(x.n_first, x.first_c, x.first_o),
			'next', answerd.seconds_json(x.n_next, x.next_c, x.next_o),
			'within', json_build_object('kept', x.n_kept, 'broken', x.n_broken, 'share', round(x.n_kept::numeric / nullif(x.n_kept + x.n_broken, 0), 4)))
		order by x.is_total desc, x.brand, x.key)
	from (
		select y.key, y.brand, y.platform, grouping(y.key) = 1 as is_total, count(*) filter (where not y.is_open) as n, count(*) filter (where y.is_open) as n_open,
			count(*) filter (where y.is_first and not y.is_open) as n_first, count(*) filter (where not y.is_first and not y.is_open) as n_next,
			count(*) filter (where y.is_kept) as n_kept, count(*) filter (where not y.is_kept) as n_broken,
			percentile_disc(array[0.5, 0.9, 0.99]) within group (order by y.calendar_s) filter (where y.is_first and not y.is_open) as first_c,
			percentile_disc(array[0.5, 0.9, 0.99]) within group (order by y.office_s) filter (where y.is_first and not y.is_open) as first_o,
			percentile_disc(array[0.5, 0.9, 0.99]) within group (order by y.calendar_s) filter (where not y.is_first and not y.is_open) as next_c,
			percentile_disc(array[0.5, 0.9, 0.99]) within group (order by y.office_s) filter (where not y.is_first and not y.is_open) as next_o
		from (
			select case when v_by = 'account' then a.brand end collate "C" as brand, case when v_by in ('account', 'platform') then a.platform end as platform,
				(case v_by when 'platform' then a.platform when 'account' then a.name
					when 'hour' then to_char(w.since at time zone a.timezone, 'ID-HH24') when 'day' then to_char(w.since at time zone a.timezone, 'YYYY-MM-DD')
					else coalesce(s.login, 'native') end) collate "C" as key,
				w.is_open, w.is_first, w.calendar_s, w.office_s, w.is_kept
			from answerd.report_waits(v_from, v_to, v_now, v_brand, v_by = 'staff') w
			join (select a.account_id, a.brand_id, a.platform, a.name, b.name as brand, b.timezone
				from answerd.account a join answerd.brand b on b.brand_id = a.brand_id offset 0) a on a.account_id = w.account_id and a.brand_id = w.brand_id
			left join answerd.staff s on s.staff_id = w.actor
			where not (v_by = 'staff' and w.is_open)) y
		group by grouping sets ((y.key, y.brand, y.platform), ())) x);
	return json_build_object('from', answerd.rfc3339(v_from), 'to', answerd.rfc3339(v_to), 'now', answerd.rfc3339(v_now), 'zone', answerd.report_zone(v_brand),
		'by', v_by, 'brand', p_brand, 'total', v_items -> 0,
		'items', coalesce((select json_agg(i order by n) from json_array_elements(v_items) with ordinality x(i, n) where n > 1), '[]'));
end $$;

-- report_grid(from, to, zone) → the instants at which a span is looked at: hours, days or weeks by the zone's clock.
create or replace function answerd.report_grid(p_from timestamptz, p_to timestamptz, p_zone text, out o_step text, out o_grid timestamptz[])
language sql stable set search_path = pg_catalog as $$
	select s.step, array_agg(g at time zone p_zone order by g)
	from (select case when p_to - p_from <= interval '4 days' then 'hour' when p_to - p_from <= interval '400 days' then 'day' else 'week' end as step) s
	cross join lateral generate_series(date_trunc(s.step, p_from at time zone p_zone) + ('1 ' || s.step)::interval, p_to at time zone p_zone, ('1 ' || s.step)::interval) g
	group by 1
	union all
	select 'hour', '{}' limit 1
$$;

-- wait_spans(from, to, brand) → every span of time within which a customer of a conversation waited, also where a person said at
-- last that no reply is needed, or the customer took the message back (found within 31 days of being written). Spans of one
-- conversation do not overlap.
create or replace function answerd.wait_spans(p_from timestamptz, p_to timestamptz, p_now timestamptz, p_brand int)
returns table (since timestamptz, ended_at timestamptz, ended_by text) language sql stable parallel safe rows 10000 as $$
	with settled as (
		select answerd.wait_key(m.customer_id, m.root_id, m.account_id) as key, min(m.at) as since, a.at as ended_at, 'dismissed' as ended_by
		from answerd.audit a
		join answerd.conversation c on c.conversation_id = nullif(split_part(a.object, ':', 2), '')::bigint and c.brand_id = a.brand_id
		cross join lateral jsonb_array_elements_text(case when jsonb_typeof(a.detail -> 'messages') = 'array' then a.detail -> 'messages' else '[]' end) x(id)
		join answerd.message m on m.external_id = x.id and m.account_id = c.account_id and m.brand_id = c.brand_id and m.settled is not null
		where a.act = 'dismiss' and a.at >= p_from and (p_brand is null or a.brand_id = p_brand)
		group by 1, 3
	), gone as (
		select answerd.wait_key(m.customer_id, m.root_id, m.account_id) as key, m.at as since,
			least(m.deleted_at, (select r.at from answerd.message r where r.root_id = m.root_id and r.customer_id = m.customer_id and r.account_id = m.account_id
				and r.brand_id = m.brand_id and r.ord_at >= m.ord_at and r.is_answer order by r.ord_at limit 1)) as ended_at, 'deleted' as ended_by
		from answerd.message m
		where m.deleted_at >= p_from and m.at >= p_from - interval '31 days' and m.direction = 'inbound' and m.kind <> 'other' and m.settled is null
			and (m.is_to_us or (m.is_about and m.nature >= 'question')) and m.deleted_at > m.at and (p_brand is null or m.brand_id = p_brand)
	), odd as ( -- conversations in which spans may overlap
		select key from settled union select key from gone
	), span as (
		select w.key, w.since, w.answered_at as ended_at, 'answered' as ended_by
		from answerd.waits(p_from, p_brand, false) w where w.answered_at is not null
		union all -- also those of which nothing was heard in the span
		select answerd.wait_key(c.customer_id, c.root_id, c.account_id), c.waiting_since, null, null from answerd.conversation c
		where c.waiting_since < p_to and c.merged_into is null and (p_brand is null or c.brand_id = p_brand)
		union all
		select * from settled
		union all
		select * from gone
	)
	select s.since, s.ended_at, s.ended_by from span s
	where s.since < p_to and coalesce(s.ended_at, p_now) >= p_from and not exists (select from odd o where o.key = s.key)
	union all
	select lower(r), upper(r), (select e.ended_by from span e where e.key = x.key and e.ended_at is not distinct from upper(r) limit 1)
	from (select s.key, range_agg(tstzrange(s.since, greatest(s.ended_at, s.since))) as spans from span s where exists (select from odd o where o.key = s.key)
		group by 1) x
	cross join lateral unnest(x.spans) r
	where lower(r) < p_to and coalesce(upper(r), p_now) >= p_from
$$;

-- report_waiting(from, to, brand): how many conversations waited at the end of each hour, day or week, and how long the oldest had
-- by then; how many waits began and ended within it, and how. Computed from the messages: nobody had to count at that time.
create or replace function answerd.report_waiting(p_from timestamptz, p_to timestamptz, p_brand text) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	v_brand int := answerd.brand_named(p_brand);
	v_now timestamptz := answerd.now();
	v_zone text := answerd.report_zone(v_brand);
	v_from timestamptz;
	v_to timestamptz;
	v_step text;
	v_grid timestamptz[];
begin
	select o_from, o_to into v_from, v_to from answerd.report_span(p_from, p_to);
	v_to := least(v_to, v_now);
	select o_step, o_grid into v_step, v_grid from answerd.report_grid(v_from, v_to, v_zone);
	if cardinality(v_grid) = 0 or v_grid[cardinality(v_grid)] < v_to then
		v_grid := v_grid || v_to;
	end if;
	return (
		with span as materialized (
			-- It is seen at the instants a .. b-1, began in the step that ends at a, ended in the one that ends at b.
			select width_bucket(s.since - interval '1 microsecond', v_grid) + 1 as a,
				case when s.ended_at is null then cardinality(v_grid) + 1 else width_bucket(s.ended_at - interval '1 microsecond', v_grid) + 1 end as b,
				s.since >= v_from as is_new, s.ended_at >= v_from and s.ended_at <= v_to as is_over, s.ended_by, min(s.since) as since, count(*) as n
			from answerd.wait_spans(v_from, v_to, v_now, v_brand) s group by 1, 2, 3, 4, 5
		), point as (
			select g.i, coalesce(sum(s.n) filter (where g.i >= s.a and g.i < s.b), 0) as n, min(s.since) filter (where g.i >= s.a and g.i < s.b) as oldest,
				coalesce(sum(s.n) filter (where s.a = g.i and s.is_new), 0) as began,
				coalesce(sum(s.n) filter (where s.b = g.i and s.is_over and s.ended_by = 'answered'), 0) as answered,
				coalesce(sum(s.n) filter (where s.b = g.i and s.is_over and s.ended_by = 'dismissed'), 0) as dismissed,
				coalesce(sum(s.n) filter (where s.b = g.i and s.is_over and s.ended_by = 'deleted'), 0) as deleted
			from generate_series(1, cardinality(v_grid)) g(i) left join span s on s.a <= g.i and s.b >= g.i group by g.i
		)
		select json_build_object('from', answerd.rfc3339(v_from), 'to', answerd.rfc3339(v_to), 'now', answerd.rfc3339(v_now), 'zone', v_zone, 'brand', p_brand,
			'step', v_step, 'items', coalesce(json_agg(json_build_object('at', answerd.rfc3339(v_grid[p.i]), 'waiting', p.n,
				'oldest_s', date_part('epoch', v_grid[p.i] - p.oldest)::bigint, 'began', p.began, 'answered', p.answered, 'dismissed', p.dismissed,
				'deleted', p.deleted) order by p.i), '[]'))
		from point p);
end $$;

-- report_never_answered(from, to, brand): who began to wait in the span and has been left alone past the hard stop of the
-- promise until now. The goal is that this list is empty. The newest thousand by age; count is all of them.
create or replace function answerd.report_never_answered(p_from timestamptz, p_to timestamptz, p_brand text) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	v_brand int := answerd.brand_named(p_brand);
	v_now timestamptz := answerd.now();
	v_from timestamptz;
	v_to timestamptz;
begin
	select o_from, o_to into v_from, v_to from answerd.report_span(p_from, p_to);
	return (
		with ignored as (
			select e.brand, e.account, e.platform, e.conversation_id, e.kind, e.nature, e.customer_name, e.customer_handle, e.messages, e.waiting_since,
				e.waiting_s, e.stop_at, e.snoozed_until, e.assignee
			from answerd.queue e
			where e.waiting_since >= v_from and e.waiting_since < v_to and e.stop_at <= v_now and (v_brand is null or e.brand_id = v_brand)
			order by e.waiting_since, e.conversation_id limit 1000
		)
		select json_build_object('from', answerd.rfc3339(v_from), 'to', answerd.rfc3339(v_to), 'now', answerd.rfc3339(v_now), 'zone', answerd.report_zone(v_brand),
			'brand', p_brand, 'count', (select count(*) from answerd.conversation c where c.waiting_since >= v_from and c.waiting_since < v_to
				and c.stop_at <= v_now and c.merged_into is null and (v_brand is null or c.brand_id = v_brand)),
			'items', coalesce(json_agg(json_build_object('id', i.conversation_id::text, 'brand', i.brand, 'account', i.account, 'platform', i.platform,
				'kind', i.kind, 'nature', i.nature, 'customer', json_build_object('name', i.customer_name, 'handle', i.customer_handle),
				'messages', i.messages, 'waiting_since', answerd.rfc3339(i.waiting_since), 'waiting_s', i.waiting_s, 'stop_at', answerd.rfc3339(i.stop_at),
				'snoozed_until', answerd.rfc3339(i.snoozed_until), 'assignee', i.assignee) order by i.waiting_since, i.conversation_id), '[]'))
		from ignored i);
end $$;

-- report_talk_listen(from, to, by, brand): how much we heard and how much we talked; by account with the share of the span in
-- which all its sources were heard.
create or replace function answerd.report_talk_listen(p_from timestamptz, p_to timestamptz, p_by text, p_brand text) returns json language plpgsql
stable set search_path = pg_catalog as $$
declare
	v_brand int := answerd.brand_named(p_brand);
	v_now timestamptz := answerd.now();
	v_by text := coalesce(p_by, 'account');
	v_from timestamptz;
	v_to timestamptz;
begin
	if v_by not in ('account', 'day') then
		perform answerd.refuse('AN400', '"by" is account or day.');
	end if;
	select o_from, o_to into v_from, v_to from answerd.report_span(p_from, p_to);
	return (
		with said as (
			select m.brand_id, case when v_by = 'account' then m.account_id end as account_id,
				case when v_by = 'day' then (m.at at time zone b.timezone)::date end as day,
				count(*) filter (where m.direction = 'inbound' and m.is_to_us) as heard_to_us,
				count(*) filter (where m.direction = 'inbound' and not m.is_to_us) as overheard,
				count(*) filter (where m.is_answer and m.customer_id is not null) as replies,
				count(*) filter (where m.direction = 'outbound' and m.customer_id is null) as broadcasts
			from answerd.message m join answerd.brand b on b.brand_id = m.brand_id
			where m.kind <> 'other' and m.direction <> 'context' and m.at >= v_from and m.at < v_to and (v_brand is null or m.brand_id = v_brand)
			group by 1, 2, 3
		), heard as (
			select * from answerd.heard_share(v_from, least(v_to, v_now), v_brand, null) where v_by = 'account'
		), row as (
			select a.name as account, b.name as brand, a.platform, null::date as day, s.heard_to_us, s.overheard, s.replies, s.broadcasts, h.percent
			from answerd.account a join answerd.brand b on b.brand_id = a.brand_id
			left join said s on s.account_id = a.account_id and s.brand_id = a.brand_id
			left join heard h on h.account = a.name and h.brand = b.name
			where v_by = 'account' and (v_brand is null or a.brand_id = v_brand) and (a.is_configured or s.brand_id is not null)
			union all
			select null, null, null, s.day, sum(s.heard_to_us), sum(s.overheard), sum(s.replies), sum(s.broadcasts), null from said s where v_by = 'day' group by s.day
		)
		select json_build_object('from', answerd.rfc3339(v_from), 'to', answerd.rfc3339(v_to), 'now', answerd.rfc3339(v_now), 'zone', answerd.report_zone(v_brand),
			'by', v_by, 'brand', p_brand, 'items', coalesce(json_agg(json_build_object('key', coalesce(r.account, r.day::text), 'brand', r.brand, 'platform', r.platform,
				'heard_to_us', coalesce(r.heard_to_us, 0), 'overheard', coalesce(r.overheard, 0), 'replies', coalesce(r.replies, 0),
				'broadcasts', coalesce(r.broadcasts, 0), 'replies_per_broadcast', round(r.replies::numeric / nullif(r.broadcasts, 0), 2),
				'listened_percent', r.percent) order by r.day, r.brand, r.account), '[]'))
		from row r);
end $$;

-- report_answer(report, what, columns, csv?) → what the desk sends: the object, or its items as CSV and what the file is called.
create or replace function answerd.report_answer(p_report json, p_what text, p_columns text[], p_format text, out o_body text, out o_file text)
language plpgsql stable set search_path = pg_catalog as $$
begin
	if coalesce(p_format, 'json') not in ('json', 'csv') then
		perform answerd.refuse('AN400', '"format" is json or csv.');
	end if;
	if p_format = 'csv' then
		o_body := answerd.csv_of(p_report -> 'items', p_columns);
		o_file := answerd.csv_name(p_what, (p_report ->> 'from')::timestamptz, (p_report ->> 'to')::timestamptz);
	else
		o_body := translate(p_report::text, E'\n', '');
	end if;
end $$;
