-- raw_months(): a partition of message_raw for this month and the eleven after it, so that old months can be dropped as a
-- whole. Runs as the owner, since the worker may create nothing; called when a worker starts and by migrate.
create or replace function answerd.raw_months() returns void language plpgsql security definer
set search_path = pg_catalog, answerd as $$
declare
	v_month timestamptz := date_trunc('month', now() at time zone 'UTC') at time zone 'UTC';
	v_next timestamptz;
	v_name text;
begin
	perform pg_advisory_xact_lock(hashtext('answerd.raw_months'));
	for i in 0..11 loop
		v_next := ((v_month at time zone 'UTC') + interval '1 month') at time zone 'UTC';
		v_name := 'message_raw_' || to_char(v_month at time zone 'UTC', 'YYYY_MM');
		if to_regclass('answerd.' || v_name) is null
			and not exists (select from answerd.message_raw_rest r where r.stored_at >= v_month and r.stored_at < v_next) then
			execute format('create table answerd.%I partition of answerd.message_raw for values from (%L) to (%L)',
				v_name, v_month, v_next);
		end if;
		v_month := v_next;
	end loop;
end $$;
