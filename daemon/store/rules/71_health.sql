-- health(): for /healthz and /metrics: {"ok", "reasons", "worker_beat_s", "waiting", "oldest_wait_s", "sources"}.
create or replace function answerd.health() returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	v_listening json := answerd.listening();
	v_beat numeric;
begin
	select extract(epoch from now() - max(coalesce(stopped_at, beat_at))) into v_beat from answerd.worker;
	return json_build_object('ok', (v_listening ->> 'ok')::bool,
		'reasons', case when (v_listening ->> 'ok')::bool then '[]' else json_build_array(v_listening ->> 'text') end,
		'worker_beat_s', round(v_beat, 1),
		'waiting', (select count(*) from answerd.conversation where waiting_since is not null),
		'oldest_wait_s', (select extract(epoch from answerd.now() - waiting_since)::bigint from answerd.conversation
			where waiting_since is not null order by waiting_since, conversation_id limit 1),
		'sources', coalesce((select json_agg(json_build_object('account', account, 'platform', platform, 'source', source,
			'heard_s', round(extract(epoch from answerd.now() - heard_at), 1), 'failures', failures, 'is_heard', is_heard)
			order by account, source) from answerd.source_health where is_configured), '[]'));
end $$;

-- metrics(): the same numbers for Prometheus. Names of accounts and sources are configuration, not customers' words.
create or replace function answerd.metrics() returns text language plpgsql stable set search_path = pg_catalog as $$
declare
	h json := answerd.health();
begin
	return 'answerd_database_up 1' || E'\n'
		|| 'answerd_alerts_open ' || (select count(*) from answerd.alert where over_at is null and acked_at is null) || E'\n'
		|| 'answerd_tellings_waiting ' || (select count(*) from answerd.telling where ended_at is null) || E'\n'
		|| coalesce((select string_agg(format(E'answerd_channel_failures{channel="%s"} %s\n', translate(c.name, E'"\\\n', '   '), c.failures), '' order by c.name)
			from answerd.channel c where c.is_configured), '')
		|| 'answerd_waiting ' || (h ->> 'waiting') || E'\n'
		|| 'answerd_oldest_wait_seconds ' || coalesce(h ->> 'oldest_wait_s', '0') || E'\n'
		|| coalesce('answerd_worker_beat_age_seconds ' || (h ->> 'worker_beat_s') || E'\n', '')
		|| coalesce((select string_agg(format(E'answerd_source_heard_age_seconds{account="%s",source="%s"} %s\n',
				translate(s ->> 'account', E'"\\\n', '   '), translate(s ->> 'source', E'"\\\n', '   '), s ->> 'heard_s'), '')
			from json_array_elements(h -> 'sources') s where s ->> 'heard_s' is not null), '')
		|| coalesce((select string_agg(format(E'answerd_source_failures{account="%s",source="%s"} %s\n',
				translate(s ->> 'account', E'"\\\n', '   '), translate(s ->> 'source', E'"\\\n', '   '), s ->> 'failures'), '')
			from json_array_elements(h -> 'sources') s), '');
end $$;
