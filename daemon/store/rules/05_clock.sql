-- now(): the instant that all rules and views are asked about: now(), and in a database whose setting
-- answerd.test_clock is 'on' shifted by the one row of answerd.test_clock, so that weeks pass in a test.
-- Written so that the planner inlines it: as a call of its own it cost 50 µs a statement.
create or replace function answerd.test_now() returns timestamptz language plpgsql stable set search_path = pg_catalog as $$
begin
	return now() + coalesce((select shift from answerd.test_clock limit 1), interval '0');
end $$;
create or replace function answerd.now() returns timestamptz language sql stable as $$
	select case when pg_catalog.current_setting('answerd.test_clock', true) = 'on' then answerd.test_now() else pg_catalog.now() end
$$;

-- us(t) / from_us(n): timestamptz as microseconds since 1970, as they travel on the wire.
-- (Stable, not immutable: timestamptz arithmetic is stable, and the planner inlines only what promises no more than its body.)
create or replace function answerd.us(t timestamptz) returns bigint language sql stable parallel safe as $$
	select (extract(epoch from t) * 1000000)::bigint
$$;
create or replace function answerd.from_us(n bigint) returns timestamptz language sql stable parallel safe as $$
	select to_timestamp(n / 1000000) + (n % 1000000) * interval '1 microsecond'
$$;

-- rfc3339(t): how every JSON answer writes a time: UTC, 'Z', microseconds.
create or replace function answerd.rfc3339(t timestamptz) returns text language sql stable parallel safe as $$
	select to_char(t at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
$$;

-- bill_month() → the first day of the present month as bills go: UTC.
create or replace function answerd.bill_month() returns date language sql stable parallel safe as $$
	select date_trunc('month', answerd.now() at time zone 'UTC')::date
$$;

-- believable(posted, seen): a platform's time is used only within 2004 .. seen + 5 min (RELIABILITY I6).
create or replace function answerd.believable(posted timestamptz, seen timestamptz) returns bool language sql stable
parallel safe as $$
	select posted is not null and posted >= '2004-01-01Z' and posted <= seen + interval '5 min'
$$;

-- is_zone(name): does this server know the time zone? Its tzdata may be older than the worker's.
create or replace function answerd.is_zone(p_zone text) returns bool language plpgsql stable set search_path = pg_catalog as $$
begin
	perform now() at time zone p_zone;
	return true;
exception when invalid_parameter_value then
	return false;
end $$;
