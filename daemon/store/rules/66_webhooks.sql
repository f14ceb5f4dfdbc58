-- Webhooks that are told events (46_feed), as staff see them.

-- webhook_json(channel): how far it is (behind: 10001 is more than ten thousand), and what is wrong.
create or replace function answerd.webhook_json(c answerd.channel) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('name', c.name, 'events', to_json(c.events), 'told_at', answerd.rfc3339(c.told_at),
		'behind', (select count(*) from (select from answerd.feed f where (f.no is null or f.no > c.fed_no) and answerd.feed_family(f.event) = any (c.events) limit 10001) x),
		'failures', c.failures, 'failing_since', answerd.rfc3339(c.failing_since), 'failure', c.failure,
		'oldest_at', (select answerd.rfc3339(min(f.at)) from answerd.feed f where f.no = (select min(no) from answerd.feed where no is not null)))
$$;
-- webhooks_list() → {items, next, now}: the channels that are told events.
create or replace function answerd.webhooks_list() returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce((select json_agg(answerd.webhook_json(c) order by c.name) from answerd.channel c
		where c.is_configured and c.events <> '{}'), '[]'), 'next', null, 'now', answerd.rfc3339(answerd.now()))
$$;
-- webhook_replay(name, from, actor): its events of that instant and later are told again, in order, as new deliveries.
create or replace function answerd.webhook_replay(p_name text, p_from timestamptz, p_actor bigint) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	c answerd.channel;
	v_no bigint;
begin
	select * into c from answerd.channel where name = p_name and is_configured and events <> '{}' for update;
	if not found then
		perform answerd.refuse('AN404', format('There is no webhook %s that is told events. answer webhooks names them.', left(p_name, 100)));
	end if;
	if p_from is null or p_from > answerd.now() then
		perform answerd.refuse('AN400', 'From when? An instant in the past, as in 2026-11-22T09:00:00Z.');
	end if;
	select min(no) - 1 into v_no from answerd.feed where at >= p_from and no is not null;
	update answerd.channel set fed_no = least(fed_no, coalesce(v_no, fed_no)) where name = c.name returning * into c;
	perform answerd.audited(0, 'staff:' || p_actor, 'replay', 'webhook:' || c.name, jsonb_build_object('from', answerd.rfc3339(p_from)));
	perform pg_notify('answerd_alert', '');
	return answerd.webhook_json(c);
end $$;
