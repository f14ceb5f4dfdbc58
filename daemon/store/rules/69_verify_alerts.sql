-- verify's part of alerts and deliveries (RELIABILITY I4), in other words than the rules that make them.

-- verify_alerts(): what may never be so, at no instant.
create or replace function answerd.verify_alerts() returns text[] language sql stable set search_path = pg_catalog as $$
	select array_agg(what order by what) from (
		select 'alert ' || a.alert_id || ' goes to channel ' || n || ' and no delivery to it says what became of that' as what
		from answerd.alert a cross join lateral unnest(a.channels) n
		join answerd.channel c on c.name = n and c.is_configured
		where not exists (select from answerd.delivery d where d.alert_id = a.alert_id and d.brand_id = a.brand_id and d.channel = n)
		union all
		-- Silence and quiet hours are reasons; so is that it was over. What is kept back without a reason is lost.
		select 'alert ' || d.alert_id || ' is kept back from channel ' || d.channel || ' and nothing says why or until when' from answerd.delivery d
		where d.state = 'kept' and (d.kept_by is null or d.kept_until is null)
		union all
		select 'alert ' || d.alert_id || ' was given up for channel ' || d.channel || ' while it stands' from answerd.delivery d
		join answerd.alert a on a.alert_id = d.alert_id and a.brand_id = d.brand_id
		join answerd.channel c on c.name = d.channel and c.is_configured
		where d.state = 'dropped' and d.kept_by is null and a.over_at is null and a.event = 'waiting'
			and exists (select from answerd.conversation w where w.conversation_id = a.conversation_id and w.brand_id = a.brand_id
				and w.oldest_id = a.message_id and w.waiting_since is not null)
			and not exists (select from answerd.delivery o where o.alert_id = a.alert_id and o.brand_id = a.brand_id and o.state <> 'dropped')
		union all
		select 'alert ' || d.alert_id || ' is with a telling to channel ' || d.channel || ' that '
			|| case when t.telling_id is null then 'is not there' when t.is_told then 'ended, and it does not know' else 'was given up' end
		from answerd.delivery d left join answerd.telling t on t.telling_id = d.telling_id
		where d.state = 'telling' and (t.telling_id is null or t.ended_at is not null)
		union all
		select 'alert ' || d.alert_id || ' counts as told on channel ' || d.channel || ' and nothing was told' from answerd.delivery d
		left join answerd.telling t on t.telling_id = d.telling_id
		where d.state = 'told' and (d.told_at is null or t.is_told is false or (t.telling_id is not null and t.ended_at is null))
		union all
		-- Somebody waits past the promise, the steps count as told, and nobody was told.
		select 'conversation ' || w.conversation_id || ' counts as told up to step ' || w.alarm_told || ' and there is no such alert'
		from answerd.conversation w where w.waiting_since is not null and w.alarm_told > 0 and w.merged_into is null
			and not exists (select from answerd.alert a where a.conversation_id = w.conversation_id and a.brand_id = w.brand_id
				and a.message_id = w.oldest_id and a.event = 'waiting' offset 0)
	) x
$$;

-- verify_telling(): what may be so for a moment, while somebody is at it; verify looks again before it says so. Without a worker that
-- speaks nothing can be said. Breaches by the customers' clock, tellings by the machine's.
create or replace function answerd.verify_telling() returns text[] language sql stable set search_path = pg_catalog as $$
	select array_agg(what order by what) from (
		select 'conversation ' || c.conversation_id || ' was due ' || answerd.rfc3339(c.due_at) || ' and no alert says so' as what
		from answerd.conversation c join answerd.policy p on p.policy_id = c.policy_id and not p.is_digest
		where c.waiting_since is not null and not c.is_imported and c.merged_into is null and c.due_at < answerd.now() - interval '60 s'
			and not exists (select from answerd.alert a where a.conversation_id = c.conversation_id and a.brand_id = c.brand_id
				and a.message_id = c.oldest_id and a.step in ('due', 'lead', 'stop') offset 0)
		union all
		select 'an alert waits for channel ' || d.channel || ' since ' || answerd.rfc3339(min(d.at)) || ' and nobody makes a telling of it'
		from answerd.delivery d join answerd.channel c on c.name = d.channel and c.is_configured
		where d.state = 'pending' and not exists (select from answerd.telling t where t.channel = d.channel and t.group_key = d.group_key
			and (t.ended_at is null or t.made_at > now() - c.group_us * interval '1 microsecond'))
		group by d.channel, d.group_key having min(d.at) < now() - interval '60 s'
		union all
		select 'alert ' || d.alert_id || ' was kept back from channel ' || d.channel || ' until ' || answerd.rfc3339(d.kept_until) || ' and still is'
		from answerd.delivery d join answerd.channel c on c.name = d.channel and c.is_configured
		where d.state = 'kept' and d.kept_until < answerd.now() - interval '60 s'
		union all
		select 'telling ' || t.telling_id || ' to channel ' || t.channel || case when t.next_at < now() - interval '2 min'
			then ' should have been tried at ' || answerd.rfc3339(t.next_at) || ' and was not'
			else ' was refused ' || t.attempts || ' times while its channel takes others' end
		from answerd.telling t join answerd.channel c on c.name = t.channel and c.is_configured
		where t.ended_at is null and (t.next_at < now() - interval '2 min'
			or (t.attempts > 20 and t.made_at < now() - interval '10 min' and c.told_at > t.made_at + interval '5 min' and c.failures < 3))
	) x
	where exists (select from answerd.alert_house h where h.held_until between now() + interval '10 s' and now() + interval '30 s')
$$;
