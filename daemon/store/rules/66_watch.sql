-- What the page for watching shows beside lists that others have: coverage as a timeline, and who holds what.

-- timeline(from, to, brand) → per source the spans within [from, to) that were provably heard, and the holes between them, each
-- with its gap where one is known: nothing hides a hole, however short. A span that is not heard and no gap is 'before' it was
-- listened to, or 'behind': not heard yet. Gaps that were read after all (closed) are no holes any more.
create or replace function answerd.timeline(p_from timestamptz, p_to timestamptz, p_brand text) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	v_brand int := answerd.brand_named(p_brand);
	v_now timestamptz := answerd.now();
	v_to timestamptz := least(coalesce(p_to, v_now), v_now);
	v_from timestamptz := coalesce(p_from, v_to - interval '7 days');
begin
	if v_from >= v_to then
		perform answerd.refuse_as('AN400', 'span_wrong', 'The span of a timeline begins before it ends, and not in the future.');
	end if;
	return (
		with source as (
			select h.*, answerd.heard_ranges(s) * tstzmultirange(tstzrange(v_from, v_to)) as heard, a.every_us,
				least(s.heard_from, (select min(x.from_at) from answerd.heard_span x where x.source_id = s.source_id and x.account_id = s.account_id
					and x.brand_id = s.brand_id)) as first_at
			from answerd.source_health h
			join answerd.source s on s.source_id = h.source_id
			join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
			where h.is_configured and s.name not in ('threads', 'rechecks') and (v_brand is null or s.brand_id = v_brand)
		), hole as (
			select s.source_id, lower(r) as from_at, upper(r) as until_at, g.gap_id, g.parts, g.lost_at, s.first_at,
				-- Between two polls of a source that is well nothing is missing yet.
				g.gap_id is null and s.is_heard and upper(r) = v_now and lower(r) > v_now - (interval '1 min' + 3 * s.every_us * interval '1 microsecond') as is_fresh
			from source s
			cross join lateral unnest(tstzmultirange(tstzrange(v_from, v_to)) - s.heard) r
			left join lateral (select g.*, answerd.gap_parts(g) as parts from answerd.gap g where g.source_id = s.source_id and (g.closed_at is null or g.lost_at is not null)
				and tstzrange(g.from_at, g.until_at) && r order by g.lost_at is null, g.found_at limit 1) g on true
		)
		select json_build_object('from', answerd.rfc3339(v_from), 'to', answerd.rfc3339(v_to), 'now', answerd.rfc3339(v_now), 'zone', answerd.report_zone(v_brand),
			'items', coalesce(json_agg(json_build_object('id', s.source_id::text, 'brand', s.brand, 'account', s.account, 'platform', s.platform,
				'source', s.source, 'is_heard', s.is_heard,
				'spans', (select coalesce(json_agg(json_build_object('from', answerd.rfc3339(lower(r)), 'until', answerd.rfc3339(upper(r))) order by lower(r)), '[]')
					from unnest(s.heard) r),
				'gaps', (select coalesce(json_agg(json_build_object('id', h.gap_id::text, 'from', answerd.rfc3339(h.from_at), 'until', answerd.rfc3339(h.until_at),
						'state', case when h.lost_at is not null then 'lost' when h.gap_id is not null then 'open' when s.first_at is null or h.until_at <= s.first_at
							then 'before' else 'behind' end,
						'reason', answerd.said(h.parts, 'UTC'), 'reason_parts', h.parts) order by h.from_at), '[]')
					from hole h where h.source_id = s.source_id and not h.is_fresh))
				order by s.brand, s.account, s.source), '[]'))
		from source s);
end $$;

-- list_brands(): the configured brands with their zones and accounts, for whoever must choose among them.
create or replace function answerd.list_brands() returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce(json_agg(json_build_object('name', b.name, 'timezone', b.timezone, 'hours', to_json(b.hours),
		'accounts', (select coalesce(json_agg(json_build_object('name', a.name, 'platform', a.platform) order by a.name), '[]') from answerd.account a
			where a.brand_id = b.brand_id and a.is_configured)) order by b.name), '[]'), 'next', null)
	from answerd.brand b where b.is_configured
$$;

-- list_team(): who holds what, since when, until when the lease runs, and how much of it is over its promise. By name: nobody is
-- ranked. The first hundred of each, those that fall due first at the top; and what nobody holds, as numbers.
create or replace function answerd.list_team() returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	v_now timestamptz := answerd.now();
begin
	return (
		with held as materialized (
			select c.assignee_id, e.conversation_id, e.brand, e.account, e.platform, e.customer_name, e.customer_handle, e.waiting_since, e.due_at, e.state,
				e.snoozed_until, c.assigned_until, e.excerpt,
				row_number() over (partition by c.assignee_id order by e.state is null, e.due_at, e.conversation_id) as n
			from answerd.conversation c
			join answerd.conversation_entry e on e.conversation_id = c.conversation_id and e.brand_id = c.brand_id
			where c.assigned_until > v_now and c.assignee_id is not null
		)
		select json_build_object('now', answerd.rfc3339(v_now), 'next', null,
			'free', (select json_build_object('waiting', count(*), 'overdue', count(*) filter (where c.due_at <= v_now)) from answerd.conversation c
				where c.waiting_since is not null and c.merged_into is null and (c.assignee_id is null or c.assigned_until <= v_now)
					and (c.snoozed_until is null or c.snoozed_until <= v_now)),
			'items', coalesce(json_agg(json_build_object('login', s.login, 'name', s.name, 'role', s.role,
				'holds', (select count(*) from held h where h.assignee_id = s.staff_id),
				'overdue', (select count(*) from held h where h.assignee_id = s.staff_id and h.state in ('overdue', 'stopped')),
				'conversations', (select coalesce(json_agg(json_build_object('id', h.conversation_id::text, 'brand', h.brand, 'account', h.account,
						'platform', h.platform, 'customer', json_build_object('name', h.customer_name, 'handle', h.customer_handle), 'excerpt', h.excerpt,
						'waiting_since', answerd.rfc3339(h.waiting_since), 'due_at', answerd.rfc3339(h.due_at), 'state', h.state,
						'snoozed_until', answerd.rfc3339(h.snoozed_until), 'until', answerd.rfc3339(h.assigned_until),
						'since', (select answerd.rfc3339(a.at) from answerd.audit a where a.object = 'conversation:' || h.conversation_id
							and a.act in ('take', 'give') order by a.seq desc limit 1)) order by h.n), '[]')
					from held h where h.assignee_id = s.staff_id and h.n <= 100)) order by s.name, s.login), '[]'))
		from answerd.staff s where s.disabled_at is null and (s.role <> 'auditor' or exists (select from held h where h.assignee_id = s.staff_id)));
end $$;
