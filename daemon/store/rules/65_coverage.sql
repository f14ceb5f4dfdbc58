-- What was heard and what was not, as people ask for it: gaps, and the share of a span of time.

-- list_gaps(): open and lost ones, newest first: what is missing, why, and what is being done about it.
create or replace function answerd.list_gaps() returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce(json_agg(json_build_object('id', g.gap_id::text, 'brand', b.name, 'account', a.name,
			'platform', a.platform, 'source', s.name, 'from', answerd.rfc3339(g.from_at), 'until', answerd.rfc3339(g.until_at),
			'state', case when g.lost_at is not null then 'lost' else 'open' end,
			'reason', answerd.said(answerd.gap_parts(g), 'UTC'), 'reason_parts', answerd.gap_parts(g), 'found_at', answerd.rfc3339(g.found_at),
			'lost_at', answerd.rfc3339(g.lost_at), 'tries', g.tries, 'next_at', answerd.rfc3339(g.next_at),
			'doing', case when g.lost_at is not null then 'Nothing more can be done: it is lost.'
				when not (s.is_configured and a.is_configured) then 'It waits until the source is configured again.'
				when s.failures > 0 then 'It waits until the source is heard again.'
				when g.refill_state <> '' then 'It is being read.'
				when g.next_at > answerd.now() then format('It was walked through %s without reaching its beginning; again at %s.',
					case g.tries when 1 then 'once' else g.tries || ' times' end, answerd.clock_text(g.next_at, b.timezone))
				else 'It is read as soon as there is time for it.' end)
			order by g.found_at desc, g.gap_id desc), '[]'), 'next', null)
	from answerd.gap g join answerd.brand b on b.brand_id = g.brand_id
	join answerd.account a on a.account_id = g.account_id and a.brand_id = g.brand_id
	join answerd.source s on s.source_id = g.source_id and s.account_id = g.account_id and s.brand_id = g.brand_id
	where g.closed_at is null or g.lost_at is not null
$$;

-- heard_share(from, to, brand, account) → one row an account: what part of the time all its sources were heard, and the holes. What was
-- asked for less than a few rhythms ago counts as heard while the source is. Without `from` it begins with the first thing heard; the few
-- minutes until the other sources follow are no hole.
create or replace function answerd.heard_share(p_from timestamptz, p_to timestamptz, p_brand int, p_accounts int[])
returns table (brand text, account text, percent numeric, heard_s bigint, span_s bigint, "from" text, "to" text, holes json) language sql stable set search_path = pg_catalog as $$
	with source as (
		select s.*, a.name as account_name, b.name as brand_name, a.every_us, (h.is_heard and s.heard_until > answerd.now()
			- (interval '1 min' + 3 * a.every_us * interval '1 microsecond')) as is_fresh,
			least(s.heard_from, (select min(x.from_at) from answerd.heard_span x where x.source_id = s.source_id
				and x.account_id = s.account_id and x.brand_id = s.brand_id)) as first_at
		from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id and a.is_configured
		join answerd.brand b on b.brand_id = s.brand_id and b.is_configured
		join answerd.source_health h on h.source_id = s.source_id
		where s.is_configured and s.name not in ('threads', 'rechecks') and (p_brand is null or s.brand_id = p_brand)
			and (p_accounts is null or s.account_id = any(p_accounts))
	), span as (
		select tstzrange(f.at, greatest(u.at, f.at)) as all_of_it from
			(select coalesce(p_from, min(s.first_at), answerd.now()) as at from source s) f,
			(select least(coalesce(p_to, answerd.now()), answerd.now()) as at) u
	), heard as (
		select s.brand_name, s.account_name, s.source_id, s.name, tstzmultirange(p.all_of_it) - (answerd.heard_ranges(s2)
			+ case when p_from is null and s.first_at < lower(p.all_of_it) + interval '5 min' and s.first_at > lower(p.all_of_it)
				then tstzmultirange(tstzrange(lower(p.all_of_it), s.first_at)) else '{}' end
			+ case when s.is_fresh then tstzmultirange(tstzrange(s.heard_until, answerd.now(), '[]')) else '{}' end) as missing, p.all_of_it
		from source s join answerd.source s2 on s2.source_id = s.source_id and s2.account_id = s.account_id and s2.brand_id = s.brand_id
		cross join span p
	), whole as (
		select h.brand_name, h.account_name, h.all_of_it, coalesce(extract(epoch from upper(h.all_of_it) - lower(h.all_of_it)), 0) as span_s,
			coalesce((select sum(extract(epoch from upper(r) - lower(r))) from unnest(range_agg(m) filter (where m is not null)) r), 0) as missing_s
		from heard h left join lateral unnest(h.missing) m on true group by 1, 2, 3
	)
	select w.brand_name, w.account_name, trunc(100 * (w.span_s - w.missing_s) / nullif(w.span_s, 0), 2), (w.span_s - w.missing_s)::bigint, w.span_s::bigint,
		answerd.rfc3339(lower(w.all_of_it)), answerd.rfc3339(upper(w.all_of_it)),
		coalesce((select json_agg(json_build_object('source', h.name, 'from', answerd.rfc3339(lower(r)), 'until', answerd.rfc3339(upper(r)),
				'why', answerd.said(y.parts, 'UTC'), 'why_parts', y.parts) order by lower(r), h.name)
			from heard h cross join lateral unnest(h.missing) r
			cross join lateral (select coalesce((select case when g.lost_at is not null then jsonb_build_array(jsonb_build_object('code', 'hole_lost')) || answerd.lost_parts(g)
						else jsonb_build_array(jsonb_build_object('code', 'hole_open')) || answerd.parts_of(g.reason) end from answerd.gap g
					where g.source_id = h.source_id and (g.closed_at is null or g.lost_at is not null)
						and tstzrange(g.from_at, g.until_at) && r order by g.found_at limit 1),
					jsonb_build_array(jsonb_build_object('code', case when not exists (select from answerd.source s where s.source_id = h.source_id and s.heard_from <= lower(r))
						and not exists (select from answerd.heard_span x where x.source_id = h.source_id and x.from_at <= lower(r))
						then 'hole_before' else 'hole_behind' end))) as parts) y
			where h.brand_name = w.brand_name and h.account_name = w.account_name), '[]')
	from whole w order by 1, 2
$$;
