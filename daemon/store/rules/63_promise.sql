-- A promise as people read it: which policy, which hours were counted, and what happens next to whom (answer explain, show).

-- length_text(interval): "3h 05m", "45m", "20s".
create or replace function answerd.length_text(p interval) returns text language sql immutable set search_path = pg_catalog as $$
	select case when s is null then null when s < 60 then s || 's' when s < 3600 then s / 60 || 'm'
		when s % 3600 < 60 then s / 3600 || 'h' else s / 3600 || 'h ' || lpad((s % 3600 / 60)::text, 2, '0') || 'm' end
	from (select greatest(extract(epoch from p), 0)::bigint as s) x
$$;

-- tried(brand, kind, nature, is_about): the policies in their order, up to the first that matches, each with its reason.
create or replace function answerd.tried(p_brand text, p_kind answerd.message_kind, p_nature answerd.message_nature, p_about bool)
returns json language sql stable set search_path = pg_catalog as $$
	with judged as (
		select y.*, answerd.policy_misses(y, p_brand, p_kind, p_nature, p_about) as miss from answerd.policy y where y.is_configured
	)
	select coalesce(json_agg(json_build_object('policy', j.name, 'is_shipped', j.is_shipped, 'matches', j.miss is null,
		'why', coalesce(j.miss, concat_ws(', ', 'the first that is for this: kind ' || p_kind, 'nature ' || p_nature,
			case when p_about then 'about us' else 'to us' end, 'brand ' || p_brand))) order by j.ord), '[]')
	from judged j where j.ord <= coalesce((select min(ord) from judged where miss is null), j.ord)
$$;

-- hours_counted(brand, from, until) → the frames of the calendar in that span, each with what was counted of it; at most 60.
create or replace function answerd.hours_counted(p_brand int, p_from timestamptz, p_until timestamptz) returns json language sql stable
set search_path = pg_catalog as $$
	select coalesce(json_agg(json_build_object('opens', answerd.rfc3339(f.opens), 'closes', answerd.rfc3339(f.closes),
		'from', answerd.rfc3339(f.a), 'until', answerd.rfc3339(f.z), 'seconds', extract(epoch from f.z - f.a)::bigint,
		'text', format('%s %s-%s: %s', to_char(f.a at time zone b.timezone, 'Dy YYYY-MM-DD'), to_char(f.a at time zone b.timezone, 'HH24:MI'),
			to_char(f.z at time zone b.timezone, 'HH24:MI'), answerd.length_text(f.z - f.a))) order by f.opens), '[]')
	from answerd.brand b
	cross join lateral (select f.opens, f.closes, greatest(f.opens, p_from) as a, least(f.closes, p_until) as z
		from answerd.office_frame f where f.brand_id = p_brand and f.opens < p_until
			and f.opens >= coalesce((select g.opens from answerd.office_frame g where g.brand_id = p_brand and g.opens <= p_from
				order by g.opens desc limit 1), p_from)
		order by f.opens limit 61) f
	where b.brand_id = p_brand and f.a < f.z
$$;

-- steps_of(conversation, policy): what happens next to whom. The last of a step's words is "told" or "passed" when it is over.
create or replace function answerd.steps_of(c answerd.conversation, y answerd.policy) returns json language sql stable
set search_path = pg_catalog as $$
	select coalesce(json_agg(json_build_object('step', s.step, 'at', answerd.rfc3339(s.at), 'to', s.whom, 'channels', s.channels,
		'state', s.state, 'text', format('%s %s: %s', answerd.clock_text(s.at, b.timezone), s.step, case
			when c.is_imported then 'nobody is told, it came with the imported history'
			when y.is_digest then 'nobody is told singly, it stands in the daily digest'
			when s.state = 'told' then s.whom || ' has been told'
			when s.state = 'skipped' then 'a later step was told before it'
			when cardinality(s.channels) = 0 then s.whom || ' would be told, but there is no channel: set notify or health.notify'
			else s.whom || ' is told through ' || array_to_string(s.channels, ', ') end)) order by s.at, s.n), '[]')
	from answerd.brand b
	cross join lateral (
		select v.*, case when c.alarm_told = v.n then 'told' when c.alarm_told > v.n then case when v.at <= answerd.now() then 'told' else 'skipped' end
			when v.at <= answerd.now() then 'due' else 'coming' end as state
		from (values (1, 'warn', c.warn_at, case when answerd.holder_of(c) is null then 'the team' else answerd.staff_name(answerd.holder_of(c)) end, y.notify),
			(2, 'due', c.due_at, 'the team', y.notify), (3, 'lead', c.lead_at, 'the lead', y.escalate),
			(4, 'stop', c.stop_at, 'the owner', y.escalate)) v(n, step, at, whom, channels)
		where v.at is not null) s
	where b.brand_id = c.brand_id
$$;

-- promise_of(conversation): the promise that it waits under; all null when nobody waits.
create or replace function answerd.promise_of(c answerd.conversation) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	y answerd.policy;
	b answerd.brand;
	v_now timestamptz := answerd.now();
	v_until timestamptz := greatest(v_now, c.due_at);
begin
	select * into y from answerd.policy where policy_id = c.policy_id and c.waiting_since is not null;
	select * into b from answerd.brand where brand_id = c.brand_id;
	return json_build_object(
		'policy', case when y.policy_id is not null then json_build_object('name', y.name, 'is_shipped', y.is_shipped,
			'clock', case when y.is_calendar then 'calendar' else 'office' end, 'is_digest', y.is_digest,
			'answer', case when c.answered_ord is null then 'first' else 'next' end,
			'warn_s', extract(epoch from y.warn)::bigint,
			'due_s', extract(epoch from case when c.answered_ord is null then y.first else y.next end)::bigint,
			'stop_s', extract(epoch from y.stop)::bigint,
			'text', format('Policy "%s" (%s), %s: %s.', y.name, case when y.is_shipped then 'shipped' else 'of the configuration' end,
				case when y.is_calendar then 'on the calendar''s clock' else 'on the office''s clock' end, concat_ws(', ',
				'warning after ' || answerd.length_text(y.warn),
				case when c.answered_ord is null then coalesce('a first answer within ' || answerd.length_text(y.first), 'no date for a first answer')
					else coalesce('a next answer within ' || answerd.length_text(y.next), 'no date for a next answer') end,
				'never later than ' || answerd.length_text(y.stop) || ' by the calendar'))) end,
		'tried', case when c.waiting_since is not null then answerd.tried(b.name, c.kind, c.nature, c.is_about) end,
		'clocks', case when c.waiting_since is not null then json_build_object(
			'customer_s', greatest(extract(epoch from v_now - c.waiting_since), 0)::bigint,
			'office_s', extract(epoch from answerd.business_between(c.brand_id, c.waiting_since, v_now))::bigint, 'timezone', b.timezone,
			'text', format('The customer''s clock: %s. The office''s clock: %s.', answerd.length_text(v_now - c.waiting_since),
				answerd.length_text(answerd.business_between(c.brand_id, c.waiting_since, v_now)))) end,
		'frames', case when c.waiting_since is not null then answerd.hours_counted(c.brand_id, c.waiting_since, v_until) end,
		'holidays', case when c.waiting_since is not null then (select coalesce(json_agg(json_build_object('name', h.name,
			'begins', answerd.rfc3339(h.begins), 'ends', answerd.rfc3339(h.ends), 'text', format('%s to %s: closed, %s',
				to_char(h.begins at time zone b.timezone, 'Dy YYYY-MM-DD HH24:MI'), to_char(h.ends at time zone b.timezone, 'YYYY-MM-DD HH24:MI'),
				h.name)) order by h.begins), '[]')
			from answerd.office_holiday h where h.brand_id = c.brand_id and h.begins < v_until and h.ends > c.waiting_since) end,
		'due_at', answerd.rfc3339(c.due_at), 'lead_at', answerd.rfc3339(c.lead_at), 'stop_at', answerd.rfc3339(c.stop_at),
		'warn_at', answerd.rfc3339(c.warn_at), 'is_imported', c.is_imported,
		'next', case when y.policy_id is not null then answerd.steps_of(c, y) end);
end $$;
