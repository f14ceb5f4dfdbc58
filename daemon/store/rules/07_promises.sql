-- Promises: which policy is for what, and what follows when one is changed (PRODUCT, "Policies that ship"; DESIGN §6).

-- shipped_policies(): tried in this order, behind those of the file. Together they match everything that can wait. Praise and
-- thanks go first, because they are never a page, whatever their kind; the others as PRODUCT's table has them.
create or replace function answerd.shipped_policies() returns table (ord int, name text, kinds answerd.message_kind[],
	natures answerd.message_nature[], is_about bool, warn interval, first interval, next interval, stop interval, is_digest bool)
language sql immutable set search_path = pg_catalog as $$
	values (1, 'thanks', null::answerd.message_kind[], '{praise,thanks}'::answerd.message_nature[], false,
			null::interval, interval '8 h', null::interval, interval '72 h', true),
		(2, 'question', '{mention,comment,reply,review,post,other}', '{question,complaint}', false, '45 min', '1 h', '1 h', '24 h', false),
		(3, 'direct', '{direct}', null, false, '45 min', '1 h', '2 h', '20 h', false),
		(4, 'neutral', '{mention,comment,reply,post,other}', '{neutral}', false, '3 h', '4 h', '4 h', '24 h', false),
		(5, 'review', '{review}', null, false, '6 h', '8 h', '8 h', '48 h', false),
		(6, 'about_us', null, null, true, null, '8 h', null, null, true)
$$;

-- policy_misses(policy, brand's name, kind, nature, is_about): why this policy is not for that, as a part of a sentence (08_said.sql); null: it is for it.
drop function if exists answerd.policy_misses(answerd.policy, text, answerd.message_kind, answerd.message_nature, bool);
create or replace function answerd.policy_misses(y answerd.policy, p_brand text, p_kind answerd.message_kind,
	p_nature answerd.message_nature, p_about bool) returns jsonb language sql stable set search_path = pg_catalog as $$
	select case
		when not p_brand = any (y.brands) then jsonb_build_object('code', 'miss_brand', 'brands', y.brands, 'brand', p_brand)
		when y.is_about <> p_about then jsonb_build_object('code', case when p_about then 'miss_about' else 'miss_to_us' end)
		when not p_kind = any (y.kinds) then jsonb_build_object('code', case when cardinality(y.kinds) = 1 then 'miss_kind' else 'miss_kinds' end, 'kinds', y.kinds,
			'kind', p_kind)
		when not p_nature = any (y.natures) then jsonb_build_object('code', 'miss_nature', 'natures', y.natures, 'nature', p_nature) end
$$;

-- policy_for(brand, kind, nature, is_about): the first that matches, from scratch.
create or replace function answerd.policy_for(p_brand text, p_kind answerd.message_kind, p_nature answerd.message_nature,
	p_about bool) returns answerd.policy language sql stable set search_path = pg_catalog as $$
	select * from answerd.policy y where y.is_configured and answerd.policy_misses(y, p_brand, p_kind, p_nature, p_about) is null
	order by y.ord limit 1
$$;

-- deadline(policy, brand, since, length): on the policy's clock, from scratch.
create or replace function answerd.deadline(y answerd.policy, p_brand int, p_since timestamptz, p_length interval) returns timestamptz
language sql stable as $$
	select case when y.is_calendar then p_since + p_length else answerd.business_add(p_brand, p_since, p_length) end
$$;

-- policy_json(policy): what it promises, for the log and for explain; lengths in seconds.
create or replace function answerd.policy_json(y answerd.policy) returns jsonb language sql stable set search_path = pg_catalog as $$
	select jsonb_build_object('name', y.name, 'kinds', y.kinds, 'natures', y.natures, 'brands', y.brands,
		'audience', case y.is_about when true then 'about_us' when false then 'to_us' end,
		'clock', case when y.is_calendar then 'calendar' else 'office' end,
		'warn_s', extract(epoch from y.warn)::bigint, 'first_s', extract(epoch from y.first)::bigint,
		'next_s', extract(epoch from y.next)::bigint, 'stop_s', extract(epoch from y.stop)::bigint,
		'notify', y.notify, 'escalate', y.escalate, 'is_digest', y.is_digest, 'is_shipped', y.is_shipped)
$$;

-- choices(): for everything that can wait, the first policy that matches.
create or replace function answerd.choices() returns setof answerd.policy_choice language sql stable set search_path = pg_catalog set jit = off as $$
	select distinct on (b.brand_id, k, n, a) b.brand_id, y.policy_id, y.warn, y.first,
		case when not y.is_digest then y.first * 1.5 end, y.next, case when not y.is_digest then y.next * 1.5 end, y.stop,
		k, n, a, y.is_calendar, y.is_digest
	from answerd.brand b
	cross join unnest(enum_range(null::answerd.message_kind)) k
	cross join unnest(enum_range(null::answerd.message_nature)) n
	cross join unnest('{false,true}'::bool[]) a
	join answerd.policy y on y.is_configured and answerd.policy_misses(y, b.name, k, n, a) is null
	order by b.brand_id, k, n, a, y.ord
$$;

-- locked(brands): their accounts, locked in the order of their ids: who computes clocks there has finished, or waits and will
-- see what we write. The next statement sees what they wrote (I2).
create or replace function answerd.locked(p_brands int[]) returns void language plpgsql set search_path = pg_catalog as $$
begin
	perform from answerd.account where brand_id = any (p_brands) order by account_id, brand_id for no key update;
end $$;

-- renew(brands, reason): their deadlines are to be computed anew, from the oldest on; the worker does it in batches (renewed()).
create or replace function answerd.renew(p_brands int[], p_reason text) returns void language sql set search_path = pg_catalog as $$
	insert into answerd.renewal as r (brand_id, begun_at, reason)
	select b, answerd.now(), p_reason from unnest(p_brands) b
	on conflict (brand_id) do update set begun_at = excluded.begun_at, since = '-infinity', id = 0, n_seen = 0, n_moved = 0,
		reason = left(r.reason || '; ' || excluded.reason, 2000)
$$;

-- declare_policies(policies, health's notify): the file's, then the shipped ones, become rows; what the file no longer says is marked.
-- policies: [{"name", "kinds", "natures", "audience", "brands", "warn_us", "first_us", "next_us", "stop_us", "clock", "notify",
-- "escalate"}], absent: null. An absent next is as first: nobody is forgotten because he asks again.
create or replace function answerd.declare_policies(p jsonb, p_notify text[]) returns void language plpgsql
set search_path = pg_catalog, answerd set jit = off as $$
declare
	v_old jsonb := (select jsonb_object_agg(policy_id, answerd.policy_json(y) || jsonb_build_object('ord', y.ord)) from answerd.policy y
		where y.is_configured);
	v_changes jsonb;
	v_brands int[];
	v_text text;
begin
	insert into answerd.policy as y (ord, name, kinds, natures, is_about, brands, warn, first, next, stop, is_calendar, notify,
		escalate, is_digest, is_shipped)
	select x.n, x.p ->> 'name', nullif(array(select jsonb_array_elements_text(x.p -> 'kinds')), '{}')::answerd.message_kind[],
		nullif(array(select jsonb_array_elements_text(x.p -> 'natures')), '{}')::answerd.message_nature[],
		x.p ->> 'audience' = 'about_us', nullif(array(select jsonb_array_elements_text(x.p -> 'brands')), '{}'),
		l.warn, l.first, coalesce(l.next, l.first), l.stop, coalesce(x.p ->> 'clock' = 'calendar', false), t.notify,
		coalesce(nullif(array(select jsonb_array_elements_text(x.p -> 'escalate')), '{}'), t.notify), false, false
	from jsonb_array_elements(coalesce(p, '[]')) with ordinality x(p, n)
	cross join lateral (select (x.p ->> 'warn_us')::bigint * interval '1 microsecond' as warn,
		(x.p ->> 'first_us')::bigint * interval '1 microsecond' as first, (x.p ->> 'next_us')::bigint * interval '1 microsecond' as next,
		(x.p ->> 'stop_us')::bigint * interval '1 microsecond' as stop) l
	cross join lateral (select coalesce(nullif(array(select jsonb_array_elements_text(x.p -> 'notify')), '{}'), p_notify) as notify) t
	union all
	select 1000000 + s.ord, s.name, s.kinds, s.natures, s.is_about, null, s.warn, s.first, s.next, s.stop, false, p_notify, p_notify,
		s.is_digest, true
	from answerd.shipped_policies() s
	on conflict (name, is_shipped) do update set ord = excluded.ord, kinds = excluded.kinds, natures = excluded.natures,
		is_about = excluded.is_about, brands = excluded.brands, warn = excluded.warn, first = excluded.first, next = excluded.next,
		stop = excluded.stop, is_calendar = excluded.is_calendar, notify = excluded.notify, escalate = excluded.escalate,
		is_digest = excluded.is_digest, is_configured = true
	where (y.ord, y.kinds, y.natures, y.is_about, y.brands, y.warn, y.first, y.next, y.stop, y.is_calendar, y.notify, y.escalate,
			y.is_digest, y.is_configured)
		is distinct from (excluded.ord, excluded.kinds, excluded.natures, excluded.is_about, excluded.brands, excluded.warn,
			excluded.first, excluded.next, excluded.stop, excluded.is_calendar, excluded.notify, excluded.escalate, excluded.is_digest, true);
	update answerd.policy y set is_configured = false where y.is_configured and case when y.is_shipped
		then not exists (select from answerd.shipped_policies() s where s.name = y.name)
		else not exists (select from jsonb_array_elements(coalesce(p, '[]')) x where x ->> 'name' = y.name) end;
	select jsonb_agg(jsonb_build_object('policy', coalesce(n.v ->> 'name', o.v ->> 'name'), 'from', o.v, 'to', n.v)
			order by coalesce(n.v ->> 'name', o.v ->> 'name'), o.v is null)
	into v_changes
	from jsonb_each(v_old) o(id, v)
	full join (select policy_id::text as id, answerd.policy_json(y) || jsonb_build_object('ord', y.ord) as v from answerd.policy y
		where y.is_configured) n on n.id = o.id
	where o.v is distinct from n.v;
	if v_changes is null and not exists (select from answerd.brand b where not exists (select from answerd.policy_choice c
			where c.brand_id = b.brand_id and c.kind = 'direct' and c.nature = 'neutral' and not c.is_about)) then
		return;
	end if;
	with f as materialized (select * from answerd.choices())
	select array_agg(distinct coalesce(f.brand_id, c.brand_id)) into v_brands
	from f full join answerd.policy_choice c using (brand_id, kind, nature, is_about)
	where (f.policy_id, f.warn, f.first, f.next, f.stop, f.is_calendar, f.is_digest)
		is distinct from (c.policy_id, c.warn, c.first, c.next, c.stop, c.is_calendar, c.is_digest);
	v_text := (select string_agg(case when c -> 'from' = 'null' or c -> 'from' is null then 'new policy '
		when c -> 'to' = 'null' or c -> 'to' is null then 'policy gone: ' else 'policy changed: ' end || (c ->> 'policy'), ', ')
		from jsonb_array_elements(v_changes) c);
	if v_brands is not null then
		perform answerd.locked(v_brands);
		delete from answerd.policy_choice where brand_id = any (v_brands);
		insert into answerd.policy_choice select * from answerd.choices() where brand_id = any (v_brands);
		perform answerd.renew(v_brands, coalesce(left(v_text, 500), 'a new brand'));
	end if;
	if v_changes is not null then
		perform answerd.audited(0, 'worker', 'policies', 'policies', jsonb_build_object('changes', v_changes));
	end if;
end $$;

-- declare_calendars(brands, as declare() has them): each brand's frames, made anew when what they follow from has changed (the words of the file,
-- its holidays, the zone's own rules), and made longer when less than three years are left. A zone is asked for its rules once, however many
-- brands are in it.
drop function if exists answerd.declare_calendar(int, text, text[], jsonb);
create or replace function answerd.declare_calendars(p jsonb) returns void language plpgsql set search_path = pg_catalog, answerd set jit = off as $$
declare
	v record;
	v_old answerd.office_calendar;
	v_rules_then text;
begin
	for v in
		with said as materialized (
			select b.brand_id, b.timezone, b.hours, coalesce(x -> 'holidays', '[]') as holidays,
				greatest(k.until_at, (date_trunc('year', answerd.now() at time zone 'UTC') + interval '4 years') at time zone 'UTC') as until_at
			from jsonb_array_elements(p) x join answerd.brand b on b.name = x ->> 'name' left join answerd.office_calendar k using (brand_id)
		), zone as materialized (
			select timezone, until_at, answerd.zone_rules(timezone, until_at) as zone_rules from (select distinct timezone, until_at from said) z
		)
		select brand_id, timezone, hours, holidays, until_at, zone_rules from said join zone using (timezone, until_at)
		except select brand_id, timezone, hours, holidays, until_at, zone_rules from answerd.office_calendar
		order by brand_id
	loop
		select * into v_old from answerd.office_calendar where brand_id = v.brand_id;
		perform answerd.locked(array[v.brand_id]);
		perform answerd.calendar_made(v.brand_id, v.timezone, v.hours, v.holidays, v.zone_rules, v.until_at);
		v_rules_then := answerd.zone_rules(v.timezone, v_old.until_at);
		continue when (v_old.timezone, v_old.hours, v_old.holidays, v_old.zone_rules) is not distinct from (v.timezone, v.hours, v.holidays, v_rules_then);
		perform answerd.renew(array[v.brand_id], concat_ws(', ', case when v_old.brand_id is null then 'a new calendar' end,
			case when v_old.timezone <> v.timezone then 'time zone changed' end, case when v_old.hours <> v.hours then 'office hours changed' end,
			case when v_old.holidays <> v.holidays then 'holidays changed' end,
			case when v_old.timezone = v.timezone and v_old.zone_rules is distinct from v_rules_then then 'rules of the time zone changed' end));
		perform answerd.audited(v.brand_id, 'worker', 'calendar', 'brand:' || v.brand_id, jsonb_build_object(
			'from', case when v_old.brand_id is not null then jsonb_build_object('timezone', v_old.timezone, 'hours', v_old.hours,
				'holidays', jsonb_array_length(v_old.holidays), 'holidays_md5', md5(v_old.holidays::text), 'zone_rules', v_old.zone_rules) end,
			'to', jsonb_build_object('timezone', v.timezone, 'hours', v.hours, 'holidays', jsonb_array_length(v.holidays),
				'holidays_md5', md5(v.holidays::text), 'zone_rules', v.zone_rules)));
	end loop;
end $$;

-- renewed(limit) → one batch of a brand whose promises changed: its oldest conversations whose turn it is, through recompute(),
-- under the locks of their accounts. No row: nothing is left to do. is_done: the brand's last batch.
create or replace function answerd.renewed(p_limit int, out o_brand text, out o_reason text, out o_seen int, out o_moved int,
	out o_done bool) returns setof record language plpgsql set search_path = pg_catalog, answerd as $$
declare
	r answerd.renewal;
	v record;
	v_ids bigint[];
	v_since timestamptz;
	v_batch int;
	v_moved int := 0;
begin
	select * into r from answerd.renewal order by begun_at, brand_id limit 1 for update skip locked;
	if not found then
		return;
	end if;
	select array_agg(x.conversation_id order by x.n), count(*), (array_agg(x.waiting_since order by x.n desc))[1]
	into v_ids, v_batch, v_since
	from (select c.conversation_id, c.waiting_since, row_number() over (order by c.waiting_since, c.conversation_id) as n
		from answerd.conversation c where c.brand_id = r.brand_id and c.waiting_since is not null
			and (c.waiting_since, c.conversation_id) > (r.since, r.id)
		order by c.waiting_since, c.conversation_id limit p_limit) x;
	if v_batch > 0 then
		perform from answerd.account a where a.brand_id = r.brand_id and a.account_id in (select c.account_id from answerd.conversation c
			where c.conversation_id = any (v_ids) and c.brand_id = r.brand_id)
		order by a.account_id for no key update;
		for v in select c.account_id, array_agg(c.root_id order by c.conversation_id) as roots, array_agg(c.customer_id order by c.conversation_id)
				as customers, array_agg(false order by c.conversation_id) as makes
			from answerd.conversation c where c.conversation_id = any (v_ids) and c.brand_id = r.brand_id and c.merged_into is null
			group by c.account_id order by c.account_id
		loop
			v_moved := v_moved + answerd.recompute(r.brand_id, v.account_id, v.roots, v.customers, v.makes);
		end loop;
	end if;
	o_done := v_batch < p_limit;
	o_seen := r.n_seen + v_batch;
	o_moved := r.n_moved + v_moved;
	o_reason := r.reason;
	select b.name into o_brand from answerd.brand b where b.brand_id = r.brand_id;
	if o_done then
		delete from answerd.renewal where brand_id = r.brand_id;
		perform answerd.audited(r.brand_id, 'worker', 'deadlines', 'brand:' || r.brand_id,
			jsonb_build_object('reason', r.reason, 'waiting', o_seen, 'moved', o_moved));
	else
		update answerd.renewal set since = v_since, id = v_ids[v_batch], n_seen = o_seen, n_moved = o_moved where brand_id = r.brand_id;
	end if;
	return next;
end $$;
