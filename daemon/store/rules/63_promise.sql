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
		'why', answerd.said(jsonb_build_array(w.part), 'UTC'), 'why_parts', jsonb_build_array(w.part)) order by j.ord), '[]')
	from judged j cross join lateral (select coalesce(j.miss, jsonb_build_object('code', case when p_about then 'match_about' else 'match_to_us' end,
		'kind', p_kind, 'nature', p_nature, 'brand', p_brand)) as part) w
	where j.ord <= coalesce((select min(ord) from judged where miss is null), j.ord)
$$;

-- hours_counted(brand, from, until) → the frames of the calendar in that span, each with what was counted of it; at most 60.
create or replace function answerd.hours_counted(p_brand int, p_from timestamptz, p_until timestamptz) returns json language sql stable
set search_path = pg_catalog as $$
	select coalesce(json_agg(json_build_object('opens', answerd.rfc3339(f.opens), 'closes', answerd.rfc3339(f.closes),
		'from', answerd.rfc3339(f.a), 'until', answerd.rfc3339(f.z), 'seconds', extract(epoch from f.z - f.a)::bigint,
		'text', answerd.said(w.parts, b.timezone), 'text_parts', w.parts) order by f.opens), '[]')
	from answerd.brand b
	cross join lateral (select f.opens, f.closes, greatest(f.opens, p_from) as a, least(f.closes, p_until) as z
		from answerd.office_frame f where f.brand_id = p_brand and f.opens < p_until
			and f.opens >= coalesce((select g.opens from answerd.office_frame g where g.brand_id = p_brand and g.opens <= p_from
				order by g.opens desc limit 1), p_from)
		order by f.opens limit 61) f
	cross join lateral (select jsonb_build_array(jsonb_build_object('code', 'hours', 'from_at', answerd.rfc3339(f.a), 'until_at', answerd.rfc3339(f.z),
		'length_s', extract(epoch from f.z - f.a)::bigint)) as parts) w
	where b.brand_id = p_brand and f.a < f.z
$$;

-- steps_of(conversation, policy): what happens next to whom. The last of a step's words is "told" or "passed" when it is over.
create or replace function answerd.steps_of(c answerd.conversation, y answerd.policy) returns json language sql stable
set search_path = pg_catalog as $$
	select coalesce(json_agg(json_build_object('step', s.step, 'at', answerd.rfc3339(s.at), 'to', answerd.said(jsonb_build_array(s.whom), b.timezone), 'channels', s.channels,
		'state', s.state, 'text', answerd.said(w.parts, b.timezone), 'text_parts', w.parts) order by s.at, s.n), '[]')
	from answerd.brand b
	cross join lateral (
		select v.*, case when c.alarm_told = v.n then 'told' when c.alarm_told > v.n then case when v.at <= answerd.now() then 'told' else 'skipped' end
			when v.at <= answerd.now() then 'due' else 'coming' end as state
		from (values (1, 'warn', c.warn_at, case when answerd.holder_of(c) is null then jsonb_build_object('code', 'the_team')
				else jsonb_build_object('code', 'the_person', 'name', answerd.staff_name(answerd.holder_of(c))) end, y.notify),
			(2, 'due', c.due_at, jsonb_build_object('code', 'the_team'), y.notify), (3, 'lead', c.lead_at, jsonb_build_object('code', 'the_lead'), y.escalate),
			(4, 'stop', c.stop_at, jsonb_build_object('code', 'the_owner'), y.escalate)) v(n, step, at, whom, channels)
		where v.at is not null) s
	cross join lateral (select jsonb_build_array(
		jsonb_build_object('code', case s.step when 'warn' then 'step_warn' when 'due' then 'step_due' when 'lead' then 'step_lead' else 'step_stop' end, 'at', answerd.rfc3339(s.at)),
		jsonb_build_object('code', case when c.is_imported then 'tell_imported' when y.is_digest then 'tell_digest' when s.state = 'told' then 'tell_told'
			when s.state = 'skipped' then 'tell_skipped' when cardinality(s.channels) = 0 then 'tell_nowhere' else 'tell_will' end, 'whom', s.whom,
			'channels', s.channels)) as parts) w
	where b.brand_id = c.brand_id
$$;

-- policy_parts(conversation, policy), clocks_parts(conversation): what is promised, and how much of it has passed, as parts of sentences.
create or replace function answerd.policy_parts(c answerd.conversation, y answerd.policy) returns jsonb language sql stable set search_path = pg_catalog as $$
	select jsonb_agg(p.part order by p.n) from (values
		(1, jsonb_build_object('code', case when y.is_shipped then 'policy_shipped' else 'policy_own' end, 'name', y.name)),
		(2, jsonb_build_object('code', case when y.is_calendar then 'by_calendar' else 'by_office' end)),
		(3, case when y.warn is not null then jsonb_build_object('code', 'promise_warn', 'warn_s', extract(epoch from y.warn)::bigint) end),
		(4, case when c.answered_ord is not null then case when y.next is null then jsonb_build_object('code', 'promise_next_none')
				else jsonb_build_object('code', 'promise_next', 'next_s', extract(epoch from y.next)::bigint) end
			when y.first is null then jsonb_build_object('code', 'promise_first_none')
			else jsonb_build_object('code', 'promise_first', 'first_s', extract(epoch from y.first)::bigint) end),
		(5, case when y.stop is not null then jsonb_build_object('code', 'promise_stop', 'stop_s', extract(epoch from y.stop)::bigint) end)) p(n, part)
	where p.part is not null
$$;
create or replace function answerd.clocks_parts(c answerd.conversation) returns jsonb language sql stable set search_path = pg_catalog as $$
	select jsonb_build_array(jsonb_build_object('code', 'both_clocks', 'customer_s', greatest(extract(epoch from answerd.now() - c.waiting_since), 0)::bigint,
		'office_s', extract(epoch from answerd.business_between(c.brand_id, c.waiting_since, answerd.now()))::bigint))
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
			'text', answerd.said(answerd.policy_parts(c, y), b.timezone) || '.', 'text_parts', answerd.policy_parts(c, y)) end,
		'tried', case when c.waiting_since is not null then answerd.tried(b.name, c.kind, c.nature, c.is_about) end,
		'clocks', case when c.waiting_since is not null then json_build_object(
			'customer_s', greatest(extract(epoch from v_now - c.waiting_since), 0)::bigint,
			'office_s', extract(epoch from answerd.business_between(c.brand_id, c.waiting_since, v_now))::bigint, 'timezone', b.timezone,
			'text', answerd.said(answerd.clocks_parts(c), b.timezone), 'text_parts', answerd.clocks_parts(c)) end,
		'frames', case when c.waiting_since is not null then answerd.hours_counted(c.brand_id, c.waiting_since, v_until) end,
		'holidays', case when c.waiting_since is not null then (select coalesce(json_agg(json_build_object('name', h.name,
			'begins', answerd.rfc3339(h.begins), 'ends', answerd.rfc3339(h.ends), 'text', answerd.said(w.parts, b.timezone), 'text_parts', w.parts) order by h.begins), '[]')
			from answerd.office_holiday h cross join lateral (select jsonb_build_array(jsonb_build_object('code', 'closed', 'from_at', answerd.rfc3339(h.begins),
				'until_at', answerd.rfc3339(h.ends), 'name', h.name)) as parts) w
			where h.brand_id = c.brand_id and h.begins < v_until and h.ends > c.waiting_since) end,
		'due_at', answerd.rfc3339(c.due_at), 'lead_at', answerd.rfc3339(c.lead_at), 'stop_at', answerd.rfc3339(c.stop_at),
		'warn_at', answerd.rfc3339(c.warn_at), 'is_imported', c.is_imported,
		'next', case when y.policy_id is not null then answerd.steps_of(c, y) end);
end $$;
