-- The queue, a page at a time, oldest first. Each filter family has its own statement, because each has its own partial index;
-- what is not the family's filters what comes along that index. Key-set pages, never OFFSET.

-- queue_page(…) → conversations of one page, in order. p_by 'age' or 'due'; with 'due' what has no due date comes last, by age:
-- those have rank 1, all others 0.
-- What was asked for with `all` includes what sleeps, the thanks lane and what is about us but not to us.
create or replace function answerd.queue_page(p_by text, p_brand int, p_platform text, p_mine bigint, p_overdue bool, p_all bool,
	p_after_rank int, p_after_at timestamptz, p_after_id bigint, p_limit bigint,
	out rank int, out at timestamptz, out conversation_id bigint, out brand_id int)
returns setof record language plpgsql stable rows 50
-- The order must come from the index: one plan for ever, and one that neither sorts nor makes bitmaps, also while a young
-- database has no statistics (INGEST §3.1).
set enable_sort = off set plan_cache_mode = force_generic_plan as $$
declare
	v_now timestamptz := answerd.now();
	v_n bigint := 0;
begin
	if p_by = 'due' and p_mine is not null then
		-- What one person holds is little: all of it, sorted.
		return query select o.rank, o.k, o.conversation_id, o.brand_id
		from (select (c.due_at is null)::int as rank, coalesce(c.due_at, c.waiting_since) as k, c.* from answerd.conversation c
			where c.waiting_since is not null and c.assignee_id = p_mine and c.assigned_until > v_now offset 0) o
		where (o.rank, o.k, o.conversation_id) > (p_after_rank, p_after_at, p_after_id)
			and (p_all or ((o.snoozed_until is null or o.snoozed_until <= v_now) and o.nature <> 'thanks' and not o.is_about))
			and (p_brand is null or o.brand_id = p_brand) and (p_platform is null or o.platform = p_platform)
			and (not p_overdue or (o.due_at <= v_now) is true)
		order by o.rank, o.k, o.conversation_id limit p_limit;
	elsif p_by = 'due' then
		if p_after_rank = 0 then
			return query select 0, c.due_at, c.conversation_id, c.brand_id from answerd.conversation c
			where c.due_at is not null and c.waiting_since is not null and (c.due_at, c.conversation_id) > (p_after_at, p_after_id)
				and (p_all or ((c.snoozed_until is null or c.snoozed_until <= v_now) and c.nature <> 'thanks' and not c.is_about))
				and (p_brand is null or c.brand_id = p_brand) and (p_platform is null or c.platform = p_platform)
				and (not p_overdue or c.due_at <= v_now)
			order by c.due_at, c.conversation_id limit p_limit;
			get diagnostics v_n = row_count;
		end if;
		if not p_overdue and (p_limit is null or v_n < p_limit) then
			return query select 1, c.waiting_since, c.conversation_id, c.brand_id from answerd.conversation c
			where c.due_at is null and c.waiting_since is not null
				and (p_after_rank = 0 or (c.waiting_since, c.conversation_id) > (p_after_at, p_after_id))
				and (p_all or ((c.snoozed_until is null or c.snoozed_until <= v_now) and c.nature <> 'thanks' and not c.is_about))
				and (p_brand is null or c.brand_id = p_brand) and (p_platform is null or c.platform = p_platform)
			order by c.waiting_since, c.conversation_id limit p_limit - v_n;
		end if;
	elsif p_overdue and (select count(*) from (select from answerd.conversation c where c.due_at <= v_now limit 500) x) < 500 then
		-- Few are overdue: those, sorted. Many: they stand at the head of the queue anyway, below.
		return query select 0, o.waiting_since, o.conversation_id, o.brand_id
		from (select * from answerd.conversation c where c.due_at <= v_now offset 0) o
		where o.waiting_since is not null and (o.waiting_since, o.conversation_id) > (p_after_at, p_after_id)
			and (p_all or ((o.snoozed_until is null or o.snoozed_until <= v_now) and o.nature <> 'thanks' and not o.is_about))
			and (p_mine is null or (o.assignee_id = p_mine and o.assigned_until > v_now))
			and (p_brand is null or o.brand_id = p_brand) and (p_platform is null or o.platform = p_platform)
		order by o.waiting_since, o.conversation_id limit p_limit;
	elsif p_mine is not null then
		return query select 0, c.waiting_since, c.conversation_id, c.brand_id from answerd.conversation c
		where c.waiting_since is not null and c.assignee_id = p_mine and c.assigned_until > v_now
			and (c.waiting_since, c.conversation_id) > (p_after_at, p_after_id)
			and (p_all or ((c.snoozed_until is null or c.snoozed_until <= v_now) and c.nature <> 'thanks' and not c.is_about))
			and (p_brand is null or c.brand_id = p_brand) and (p_platform is null or c.platform = p_platform)
			and (not p_overdue or (c.due_at <= v_now) is true)
		order by c.waiting_since, c.conversation_id limit p_limit;
	elsif p_brand is not null then
		return query select 0, c.waiting_since, c.conversation_id, c.brand_id from answerd.conversation c
		where c.waiting_since is not null and c.brand_id = p_brand and (c.waiting_since, c.conversation_id) > (p_after_at, p_after_id)
			and (p_all or ((c.snoozed_until is null or c.snoozed_until <= v_now) and c.nature <> 'thanks' and not c.is_about))
			and (p_platform is null or c.platform = p_platform) and (not p_overdue or (c.due_at <= v_now) is true)
		order by c.waiting_since, c.conversation_id limit p_limit;
	elsif p_platform is not null then
		return query select 0, c.waiting_since, c.conversation_id, c.brand_id from answerd.conversation c
		where c.waiting_since is not null and c.platform = p_platform and (c.waiting_since, c.conversation_id) > (p_after_at, p_after_id)
			and (p_all or ((c.snoozed_until is null or c.snoozed_until <= v_now) and c.nature <> 'thanks' and not c.is_about))
			and (not p_overdue or (c.due_at <= v_now) is true)
		order by c.waiting_since, c.conversation_id limit p_limit;
	else
		return query select 0, c.waiting_since, c.conversation_id, c.brand_id from answerd.conversation c
		where c.waiting_since is not null and (c.waiting_since, c.conversation_id) > (p_after_at, p_after_id)
			and (p_all or ((c.snoozed_until is null or c.snoozed_until <= v_now) and c.nature <> 'thanks' and not c.is_about))
			and (not p_overdue or (c.due_at <= v_now) is true)
		order by c.waiting_since, c.conversation_id limit p_limit;
	end if;
end $$;

-- listening(): is somebody listening to everything that is configured? {"ok", "text"}; text null when all is well. It stands
-- above the queue: a stale queue shown as an empty one would be the worst lie here (I4).
create or replace function answerd.listening() returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	v_beat timestamptz;
	v_is_alive bool;
	v_zone text;
	v_text text[] := '{}';
begin
	select max(coalesce(stopped_at, beat_at)), coalesce(bool_or(stopped_at is null and beat_at > now() - interval '30 s'), false)
	into v_beat, v_is_alive from answerd.worker;
	select timezone into v_zone from answerd.brand where is_configured order by brand_id limit 1;
	if v_beat is null then
		v_text := array['Nobody listens: the worker has never run. Start answerd.'];
	elsif not v_is_alive then
		v_text := array[format('Nobody listens since %s: the worker does not run. Start answerd.', answerd.clock_text(v_beat, coalesce(v_zone, 'UTC')))];
	else
		select coalesce(array_agg(t.said order by t.account), '{}') into v_text from (
			select h.account, case
				when min(h.account_state) in ('refused', 'failing') then format('%s: not listening since %s%s', h.account,
					answerd.clock_text(coalesce(min(h.heard_at), min(h.state_since)), min(h.timezone)),
					coalesce(' (' || left(min(h.state_reason), 200) || ')', ''))
				when max(h.heard_at) is null and not bool_or(h.is_heard and h.source not in ('threads', 'rechecks')) then format('%s: has not listened yet', h.account)
				else format('%s: not listening since %s to %s', h.account,
					answerd.clock_text(coalesce(min(h.heard_at) filter (where not h.is_heard), min(h.state_since)), min(h.timezone)),
					string_agg(h.source, ', ' order by h.source) filter (where not h.is_heard)) end as said
			from answerd.source_health h where h.is_configured
			group by h.brand, h.account having not bool_and(h.is_heard)) t;
	end if;
	return json_build_object('ok', cardinality(v_text) = 0,
		'text', case when cardinality(v_text) > 0 then array_to_string(v_text, '; ') end);
end $$;

-- queue_list(…): the answer of GET queue. limit 0 is all.
create or replace function answerd.queue_list(p_actor bigint, p_by text, p_brand text, p_platform text, p_mine bool, p_overdue bool,
	p_all bool, p_after text, p_limit bigint) returns json language plpgsql stable set search_path = pg_catalog
set plan_cache_mode = force_generic_plan set jit = off as $$
declare
	v_limit bigint := nullif(coalesce(p_limit, 50), 0);
	v_rank int := 0;
	v_at timestamptz := '-infinity';
	v_id bigint := 0;
	v_items json;
	v_n bigint;
	v_next text;
begin
	if coalesce(p_by, 'age') not in ('age', 'due') then
		perform answerd.refuse('AN400', 'The queue goes by age or by due.');
	end if;
	if p_after is not null then
		if p_after !~ '^u?-?[0-9]{1,17}[.][0-9]{1,18}$' then
			perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the page before, unchanged.');
		end if;
		v_rank := (p_after like 'u%')::int;
		v_at := answerd.from_us(ltrim(split_part(p_after, '.', 1), 'u')::bigint);
		v_id := split_part(p_after, '.', 2)::bigint;
	end if;
	select coalesce(json_agg(e.entry order by p.n) filter (where p.n <= v_limit or v_limit is null), '[]'), count(*),
		(array_agg(case when p.rank = 1 then 'u' else '' end || answerd.us(p.at) || '.' || p.conversation_id)
			filter (where p.n = v_limit))[1]
	into v_items, v_n, v_next
	from (select q.*, row_number() over (order by q.rank, q.at, q.conversation_id) as n
		from answerd.queue_page(coalesce(p_by, 'age'), answerd.brand_named(p_brand), p_platform, case when p_mine then p_actor end,
			coalesce(p_overdue, false), coalesce(p_all, false), v_rank, v_at, v_id, v_limit + 1) q) p
	cross join lateral (select j.entry from answerd.entry_json j where j.conversation_id = p.conversation_id and j.brand_id = p.brand_id
		limit 1) e;
	return json_build_object('items', v_items, 'next', case when v_n > v_limit then v_next end, 'listening', answerd.listening());
end $$;
