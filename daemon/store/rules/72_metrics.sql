-- Numbers for Prometheus, in its text format 0.0.4. Names of brands, accounts and sources are configuration, not customers' words.

-- label(name, value) → name="value", escaped as the format wants it.
create or replace function answerd.label(p_name text, p_value text) returns text language sql immutable strict parallel safe as $$
	select format('%s="%s"', p_name, replace(replace(replace(p_value, '\', '\\'), '"', '\"'), E'\n', '\n'))
$$;

-- family(name, type, help, lines): a family of numbers with its two lines of head; nothing when it has none.
create or replace function answerd.metric_family(p_name text, p_type text, p_help text, p_lines text[]) returns text language sql immutable as $$
	select case when cardinality(p_lines) > 0 then format(E'# HELP %s %s\n# TYPE %s %s\n', p_name, p_help, p_name, p_type)
		|| (select string_agg(p_name || l || E'\n', '' order by n) from unnest(p_lines) with ordinality u(l, n)) else '' end
$$;

-- metrics(): who waits, who listens, what was heard, what the database holds.
create or replace function answerd.metrics() returns text language plpgsql stable set search_path = pg_catalog, answerd as $$
declare
	v_now timestamptz := answerd.now();
	v_waiting text[];
	v_overdue text[];
	v_oldest text[];
	v_mean text[];
	v_heard text[];
	v_lag text[];
	v_failures text[];
	v_is_heard text[];
	v_left text[];
	v_accounts text[];
	v_alerts text[];
	v_channels text[];
	v_gaps text[];
	v_quarantine text[];
	v_tables text[];
	v_beat text[];
	v_bought text[];
	v_cost text[];
begin
	with c as materialized (
		select c.brand_id, count(*) as n, count(*) filter (where c.due_at <= v_now) as overdue, min(c.waiting_since) as oldest,
			avg(extract(epoch from v_now - c.waiting_since)) as mean
		from answerd.conversation c where c.waiting_since is not null group by c.brand_id
	)
	select array_agg(format('{%s} %s', answerd.label('brand', b.name), coalesce(c.n, 0)) order by b.name),
		array_agg(format('{%s} %s', answerd.label('brand', b.name), coalesce(c.overdue, 0)) order by b.name),
		array_agg(format('{%s} %s', answerd.label('brand', b.name), coalesce(round(extract(epoch from v_now - c.oldest), 3), 0)) order by b.name),
		array_agg(format('{%s} %s', answerd.label('brand', b.name), coalesce(round(c.mean, 3), 0)) order by b.name)
	into v_waiting, v_overdue, v_oldest, v_mean
	from answerd.brand b left join c on c.brand_id = b.brand_id where b.is_configured or c.n > 0;

	with s as materialized (
		select format('{%s,%s,%s,%s', answerd.label('brand', brand), answerd.label('account', account), answerd.label('platform', platform),
			answerd.label('source', source)) || '} ' as labels, h.* from answerd.source_health h where is_configured
	)
	select array_agg(labels || round(extract(epoch from v_now - heard_at), 3) order by labels) filter (where heard_at is not null),
		array_agg(labels || round(greatest(extract(epoch from v_now - heard_until), 0), 3) order by labels) filter (where heard_until is not null),
		array_agg(labels || failures order by labels), array_agg(labels || is_heard::int order by labels)
	into v_heard, v_lag, v_failures, v_is_heard from s;

	select array_agg(format('{%s,%s} %s', answerd.label('brand', b.name), answerd.label('account', a.name),
			round(a.rate_left / a.rate_limit::numeric, 4)) order by b.name, a.name) filter (where a.rate_limit > 0 and a.rate_reset > v_now)
	into v_left from answerd.account a join answerd.brand b on b.brand_id = a.brand_id where a.is_configured;
	select array_agg(format('{%s} %s', answerd.label('state', t.state::text), coalesce(a.n, 0)) order by t.state) into v_accounts
	from unnest(enum_range(null::answerd.account_state)) t(state)
	left join (select state, count(*) as n from answerd.account where is_configured group by state) a on a.state = t.state;
	select array_agg(format('{%s} %s', answerd.label('event', t.event), coalesce(a.n, 0)) order by t.event) into v_alerts
	from unnest('{waiting,deaf,quarantine,gap}'::text[]) t(event)
	left join (select event, count(*) as n from answerd.alert where over_at is null group by event) a on a.event = t.event;
	select array_agg(format('{%s} %s', answerd.label('channel', c.name), c.failures) order by c.name) into v_channels from answerd.channel c where c.is_configured;
	select array_agg(format('{%s,%s} %s', answerd.label('brand', b.name), answerd.label('account', a.name), g.n) order by b.name, a.name) into v_gaps
	from (select brand_id, account_id, count(*) as n from answerd.gap where closed_at is null group by 1, 2) g
	join answerd.account a on a.account_id = g.account_id and a.brand_id = g.brand_id join answerd.brand b on b.brand_id = g.brand_id;
	select array_agg(format('{%s,%s} %s', answerd.label('brand', b.name), answerd.label('account', a.name), q.n) order by b.name, a.name) into v_quarantine
	from (select brand_id, account_id, count(*) as n from answerd.quarantine where resolved_at is null group by 1, 2) q
	join answerd.account a on a.account_id = q.account_id and a.brand_id = q.brand_id join answerd.brand b on b.brand_id = q.brand_id;
	-- The months of raw elements count as one table.
	select array_agg(format('{%s} %s', answerd.label('table', t.name), t.bytes) order by t.name) into v_tables
	from (select case when c.relname like 'message\_raw%' then 'message_raw' else c.relname end as name, sum(pg_total_relation_size(c.oid)) as bytes
		from pg_class c where c.relnamespace = 'answerd'::regnamespace and c.relkind = 'r' group by 1) t;
	select array[' ' || round(extract(epoch from now() - max(coalesce(stopped_at, beat_at))), 3)] into v_beat from answerd.worker having count(*) > 0;

	select array_agg(format('{%s} %s', x.labels || answerd.label('for', k.what), k.n) order by x.labels, k.what),
		array_agg(format('{%s} %s', x.labels || answerd.label('for', k.what), round(k.uusd / 1000000.0, 6)) order by x.labels, k.what) into v_bought, v_cost
	from (select format('%s,%s,', answerd.label('brand', b.name), answerd.label('account', a.name)) as labels, r.* from answerd.account a
		join answerd.brand b on b.brand_id = a.brand_id left join answerd.reading r on r.account_id = a.account_id and r.brand_id = a.brand_id
			and r.month = answerd.bill_month()
		where a.is_configured and a.reading_costs) x
	cross join lateral (values ('reading', coalesce(x.n_read, 0), coalesce(x.cost_uusd, 0)), ('posting', coalesce(x.n_posted, 0), coalesce(x.posted_uusd, 0)))
		k(what, n, uusd);

	return answerd.metric_family('answerd_database_up', 'gauge', 'Does the database answer the desk?', array[' 1'])
		|| answerd.metric_family('answerd_waiting', 'gauge', 'People who wait for an answer.', v_waiting)
		|| answerd.metric_family('answerd_overdue', 'gauge', 'Of them, past the due time of their policy.', v_overdue)
		|| answerd.metric_family('answerd_oldest_wait_seconds', 'gauge', 'How long the one has waited who waits longest.', v_oldest)
		|| answerd.metric_family('answerd_mean_wait_seconds', 'gauge', 'How long they have waited on average.', v_mean)
		|| answerd.metric_family('answerd_workers', 'gauge', 'Workers that live: connected, and with a fresh heartbeat.',
			array[' ' || (select count(*) from answerd.living_workers())])
		|| answerd.metric_family('answerd_worker_beat_age_seconds', 'gauge', 'Since the last heartbeat of any worker.', v_beat)
		|| answerd.metric_family('answerd_accounts', 'gauge', 'Accounts of the configuration by state.', v_accounts)
		|| answerd.metric_family('answerd_source_listening', 'gauge', '1 where a source is heard beyond doubt.', v_is_heard)
		|| answerd.metric_family('answerd_source_heard_age_seconds', 'gauge', 'Since the last answer that we could use.', v_heard)
		|| answerd.metric_family('answerd_source_lag_seconds', 'gauge', 'Everything that was said before so long ago was read.', v_lag)
		|| answerd.metric_family('answerd_source_failures', 'gauge', 'Failures in a row.', v_failures)
		|| answerd.metric_family('answerd_account_rate_left_ratio', 'gauge', 'What is left of what the platform allows until its reset.', v_left)
		|| answerd.metric_family('answerd_alerts_open', 'gauge', 'Alerts that stand, by event.', v_alerts)
		|| answerd.metric_family('answerd_tellings_waiting', 'gauge', 'Tellings that no channel has taken yet.',
			array[' ' || (select count(*) from answerd.telling where ended_at is null)])
		|| answerd.metric_family('answerd_channel_failures', 'gauge', 'Failures in a row of a way to tell somebody.', v_channels)
		|| answerd.metric_family('answerd_gaps_open', 'gauge', 'Holes in what was heard that are neither closed nor given up.', v_gaps)
		|| answerd.metric_family('answerd_quarantine_open', 'gauge', 'Elements that nobody could read and nobody has looked at.', v_quarantine)
		|| answerd.metric_family('answerd_month_bought', 'gauge', 'What the platform charges for this month (UTC): messages read, replies posted.', v_bought)
		|| answerd.metric_family('answerd_month_cost_dollars', 'gauge', 'What that costs by the platform''s sheet, in US dollars.', v_cost)
		|| answerd.metric_family('answerd_table_bytes', 'gauge', 'Size on disk, with indexes.', v_tables);
end $$;
