-- Ordinary life without a town: accounts with habits, through the same functions that the worker calls, by the test clock.
-- sim.habit says who has which, sim.message what is said when; quiet_tick() lets one tick pass. It is a transaction of its own: rows that
-- a transaction leaves behind slow down all that it still does.
create schema sim;
create table sim.habit (source_id int, account_id int, brand_id int, name text, zone text, keeps_holidays bool, per_hour float8[], weekend float8, holiday float8);
create table sim.message (source_id int, at timestamptz, n bigint generated always as identity);
create index on sim.message (source_id, at);
create table sim.holiday (day date);

-- hours(from, until, rate by day, rate at night): 24 rates.
create function sim.hours(p_from int, p_until int, p_day float8, p_night float8) returns float8[] language sql as $$
	select array_agg(case when h >= p_from and h < p_until then p_day else p_night end order by h) from generate_series(0, 23) h
$$;

create function sim.account(p_name text, p_zone text, p_keeps_holidays bool, p_hours float8[], p_weekend float8, p_holiday float8, p_every interval) returns void
language plpgsql as $$
declare
	v_brand int;
	v_account int;
	v_source int;
begin
	insert into answerd.brand (name, timezone) values (p_name, p_zone) returning brand_id into v_brand;
	insert into answerd.account (brand_id, name, platform, server, realm, every_us, own_id, state, holder, held_until, leased_at, declared_at)
	values (v_brand, p_name, 'mastodon', 'https://x.example', p_name, answerd.us('epoch'::timestamptz + p_every), 'us', 'listening', 'w1', 'infinity', answerd.now(),
		answerd.now()) returning account_id into v_account;
	insert into answerd.source (brand_id, account_id, name) values (v_brand, v_account, 'own'), (v_brand, v_account, 'threads');
	insert into answerd.source (brand_id, account_id, name) values (v_brand, v_account, 'mentions') returning source_id into v_source;
	insert into sim.habit values (v_source, v_account, v_brand, p_name, p_zone, p_keeps_holidays, p_hours, p_weekend, p_holiday);
end $$;

-- What is said between two instants: in every hour a Poisson number, at any minute of it.
create function sim.speak(p_from timestamptz, p_until timestamptz) returns void language plpgsql as $$
declare
	r record;
	v_left float8;
	v_at timestamptz;
begin
	for r in select h.source_id, t, h.per_hour[extract(hour from t at time zone h.zone)::int + 1]
			* case when extract(isodow from t at time zone h.zone) > 5 then h.weekend else 1 end
			* case when exists (select from sim.holiday y where y.day = (t at time zone h.zone)::date) then h.holiday else 1 end as rate
		from sim.habit h cross join generate_series(p_from, p_until - interval '1 hour', interval '1 hour') t loop
		v_left := exp(-r.rate);
		loop
			v_left := v_left / greatest(random(), 1e-12);
			exit when v_left >= 1;
			v_at := r.t + random() * interval '1 hour';
			insert into sim.message (source_id, at) values (r.source_id, v_at);
		end loop;
	end loop;
end $$;

-- hear(source, walk's beginning) → is there news? Pages of what was said up to now.
create function sim.hear(h sim.habit, p_from timestamptz) returns bool language plpgsql as $$
declare
	s answerd.source;
	v_id text[];
	v_at bigint[];
	v_n int;
	v_state text;
	v_epoch bigint;
begin
	select epoch into v_epoch from answerd.account where account_id = h.account_id and brand_id = h.brand_id;
	loop
		select * into s from answerd.source where source_id = h.source_id;
		select array_agg('m' || m.n order by m.at), array_agg(answerd.us(m.at) order by m.at) into v_id, v_at
		from (select * from sim.message m where m.source_id = h.source_id and m.at > p_from and m.at <= answerd.now() order by m.at limit 500) m;
		v_n := cardinality(v_id);
		if v_n is null then
			return false;
		end if;
		select o_state into v_state from answerd.ingest(h.brand_id, h.account_id, h.source_id, v_epoch, 'poll', s.poll_seq, 'x', v_n < 500,
			answerd.us(answerd.now()), v_id, array_fill(null::text, array[v_n]), array_fill(null::text, array[v_n]), array_fill(null::text, array[v_n]),
			array_fill('mention'::text, array[v_n]), array_fill('inbound'::text, array[v_n]), array_fill('public'::text, array[v_n]), array_fill(1, array[v_n]),
			(select array_agg('c' || (n % 40)) from generate_series(1, v_n) n), array_fill('someone'::text, array[v_n]), array_fill('Someone'::text, array[v_n]),
			array_fill('Is it open?'::text, array[v_n]), array_fill(null::text, array[v_n]), array_fill(null::text, array[v_n]), array_fill(null::text, array[v_n]),
			v_at, array_fill(0::bigint, array[v_n]), array_fill(null::text, array[v_n]), array_fill('question'::text, array[v_n]), array_fill(1::bigint, array[v_n]),
			array_fill(null::text, array[v_n]), '{}', '{}', '{}', '{}', '{}', '{}');
		if v_state <> 'ok' then raise exception 'ingest says %', v_state; end if;
		if v_n < 500 then
			return true;
		end if;
		p_from := answerd.from_us(v_at[v_n]);
	end loop;
end $$;

-- The hour is a setting of the session and not a row: everything asks for it, and a row that changes a hundred times is read ever slower.
create or replace function answerd.test_now() returns timestamptz language sql stable as $$ select current_setting('sim.now')::timestamptz $$;
create function sim.clock(p_at timestamptz) returns void language sql as $$ select set_config('sim.now', p_at::text, /* is_local */ false) $$;
-- As often as it needs to make up its mind.
create function sim.sweep() returns void language plpgsql as $$
begin
	for i in 1 .. 400 loop
		perform answerd.deaf_sweep(i = 1);
		exit when not exists (select from answerd.trouble where key is null);
	end loop;
end $$;

-- quiet_tick(at, tick): every account is asked. p_broken: this account answers and brings nothing.
create function sim.quiet_tick(p_at timestamptz, p_tick interval, p_broken text default null) returns void language plpgsql as $$
declare
	h sim.habit;
	v_quiet int[] := array(select source_id from answerd.source where name = 'own');
begin
	perform sim.clock(p_at);
	for h in select * from sim.habit loop
		if random() < 0.01 then
			-- A hiccup: the server restarts, or says that we ask too often.
			for i in 1 .. 2 + (random() * 3)::int loop
				perform answerd.failed(h.brand_id, h.account_id, o.source_id, a.epoch, 'the server answers 502', 'retry')
				from answerd.source o join answerd.account a on a.account_id = o.account_id where o.account_id = h.account_id and o.name <> 'threads';
			end loop;
			perform sim.clock(p_at + least(interval '4 min', p_tick / 2));
			perform sim.sweep();
		end if;
		if random() < 0.002 then
			-- The worker was restarted.
			update answerd.account set leased_at = answerd.now(), epoch = epoch + 1 where account_id = h.account_id;
		end if;
		if h.name = p_broken or not sim.hear(h, p_at - p_tick) then
			v_quiet := v_quiet || h.source_id;
		end if;
	end loop;
	-- Empty answers are told together, as the worker does.
	perform answerd.heard(array_agg(o.brand_id), array_agg(o.account_id), array_agg(o.source_id), array_agg(a.epoch), array_agg(answerd.us(answerd.now())))
	from answerd.source o join answerd.account a on a.account_id = o.account_id where o.source_id = any(v_quiet);
	perform sim.sweep();
end $$;
