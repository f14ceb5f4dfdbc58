-- The queue. A page of it is one walk along one partial index of answerd.conversation, oldest first or what falls due next: each
-- family of filters has its own statement (queries/queue_*.sql), because each has its own index. What is not the family's filters
-- what comes along that index. Key-set pages, never OFFSET.

-- queue_row: one row a conversation that waits, with what a page shows and nothing that must be looked up: brand, account and staff
-- are ids (the desk knows their names), words and names are the copies that recompute keeps. Flat, so that the planner walks indexes.
-- due_key: what falls due next. A hard stop may come before the date of an answer, when the office is closed: whichever is first.
-- is_listed: on the plain list; what sleeps, the thanks lane and what is about us but not to us is shown with `all` only.
create or replace view answerd.queue_row as
select c.conversation_id, c.brand_id, c.account_id, c.platform, c.kind, c.nature, c.customer_id, c.customer_name, c.customer_handle,
	c.excerpt, c.permalink, c.unanswered, c.waiting_since, c.warn_at, c.due_at, c.stop_at, c.snoozed_until, c.assignee_id, c.assigned_until,
	c.priority, case when c.tags = '{}' then '[]' else to_json(c.tags)::text end as tags,
	(select answerd.us(answerd.now())) as now_us, coalesce(least(c.due_at, c.stop_at), 'infinity') as due_key,
	(c.snoozed_until is null or c.snoozed_until <= (select answerd.now())) and c.nature <> 'thanks' and not c.is_about as is_listed,
	coalesce(least(c.due_at, c.stop_at) <= (select answerd.now()), false) as is_overdue,
	coalesce(c.assigned_until > (select answerd.now()), false) as is_held
from answerd.conversation c
where c.waiting_since is not null;

-- listening(): is somebody listening to everything that is configured? {"ok", "text", "parts"}; text null when all is well. It
-- stands above the queue: a stale queue shown as an empty one would be the worst lie here (I4). parts is the same by code, for
-- the page's own languages: [{"code", "account", "since", "sources", "reason", "reason_parts"}], what does not apply left out or null.
create or replace function answerd.listening() returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	v_beat timestamptz;
	v_is_alive bool;
	v_zone text;
	v_text text[] := '{}';
	v_parts jsonb := '[]';
	v_trouble text;
begin
	select max(coalesce(stopped_at, beat_at)), coalesce(bool_or(stopped_at is null and beat_at > now() - interval '30 s'), false)
	into v_beat, v_is_alive from answerd.worker;
	select timezone into v_zone from answerd.brand where is_configured order by brand_id limit 1;
	if v_beat is null then
		v_text := array['Nobody listens: the worker has never run. Start answerd.'];
		v_parts := jsonb_build_array(jsonb_build_object('code', 'worker_never'));
	elsif not v_is_alive then
		v_text := array[format('Nobody listens since %s: the worker does not run. Start answerd.', answerd.clock_text(v_beat, coalesce(v_zone, 'UTC')))];
		v_parts := jsonb_build_array(jsonb_build_object('code', 'worker_away', 'since', answerd.rfc3339(v_beat)));
	else
		select coalesce(array_agg(case c.code when 'account_new' then format('%s: has not listened yet', a.account)
				else format('%s: not listening since %s', a.account, answerd.clock_text(c.since, a.timezone))
					|| case when c.code = 'sources_away' then ' to ' || a.sources else coalesce(' (' || a.reason || ')', '') end end order by a.account), '{}'),
			coalesce(jsonb_agg(jsonb_build_object('code', c.code, 'account', a.account, 'since', answerd.rfc3339(c.since), 'sources', a.sources,
				'reason', a.reason, 'reason_parts', answerd.parts_of(a.whole_reason)) order by a.account), '[]')
		into v_text, v_parts
		from (select h.account, min(h.timezone) as timezone, min(h.account_state) as state, min(h.state_since) as state_since, left(min(h.state_reason), 200) as reason,
				min(h.state_reason) as whole_reason,
				min(h.heard_at) as heard_at, min(h.heard_at) filter (where not h.is_heard) as sources_heard_at,
				string_agg(h.source, ', ' order by h.source) filter (where not h.is_heard) as sources,
				max(h.heard_at) is null and not bool_or(h.is_heard and h.source not in ('threads', 'rechecks')) as is_new
			from answerd.source_health h where h.is_configured group by h.brand, h.account having not bool_and(h.is_heard)) a
		cross join lateral (select case when a.state in ('refused', 'failing') then 'account_' || a.state when a.is_new then 'account_new' else 'sources_away' end as code,
			coalesce(case when a.state in ('refused', 'failing') then a.heard_at else a.sources_heard_at end, a.state_since) as since) c;
	end if;
	v_trouble := answerd.telling_trouble();
	if v_trouble like 'Alerts reach nobody%' then
		v_text := v_text || v_trouble;
		v_parts := v_parts || jsonb_build_object('code', 'alerts_lost');
	end if;
	return json_build_object('ok', cardinality(v_text) = 0,
		'text', nullif(replace(array_to_string(v_text, '; '), '.; ', '. '), ''), 'parts', v_parts); -- behind a whole sentence another begins
end $$;
