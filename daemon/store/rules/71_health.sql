-- health(): for /healthz (numbers for Prometheus: 72_metrics.sql): {"ok", "reasons", "worker_beat_s", "waiting", "oldest_wait_s", "sources"}.
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
