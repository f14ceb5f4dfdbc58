-- alarm_after(told, warn, due, lead, stop): the earliest step above the highest one that was told (1 warn .. 4 stop).
create or replace function answerd.alarm_after(p_told int, p_warn timestamptz, p_due timestamptz, p_lead timestamptz, p_stop timestamptz)
returns timestamptz language sql immutable parallel safe as $$
	select least(case when p_told < 1 then p_warn end, case when p_told < 2 then p_due end, case when p_told < 3 then p_lead end,
		case when p_told < 4 then p_stop end)
$$;

-- recompute(brand, account, roots, customers, makes) → rows written: the only writer of the clocks.
-- For each (thread, customer): what is owed and not covered by an answer; since when; since nothing has changed, no write.
-- makes[i] true: make the conversation if it is not there yet (only a message to us does).
-- The caller holds the account's row lock and calls this in a statement of its own, after its writes (I2).
-- It reads the unanswered tail, not the conversation: one probe backwards for our last answer, one range behind it.
-- Deadlines: one probe for the policy (rules/07), one for the office's frame (rules/06); only for who waits. A first answer is
-- one before which nobody of ours has said anything to this customer here; any other is a next one.
create or replace function answerd.recompute(p_brand int, p_account int, p_root text[], p_customer bigint[], p_make bool[])
returns int language plpgsql set search_path = pg_catalog, answerd as $$
declare
	v_n int;
	v_now timestamptz := answerd.now();
	v_platform text;
	v_every interval;
	v_waits jsonb := answerd.waits_of(p_brand, p_account, p_root, p_customer);
begin
	select platform, every_us * interval '1 microsecond' into v_platform, v_every
	from answerd.account where account_id = p_account and brand_id = p_brand;
	with touched as (
		select u.root, u.customer, bool_or(u.make) as make
		from unnest(p_root, p_customer, p_make) u(root, customer, make)
		where u.root is not null and u.customer is not null
		group by 1, 2 order by 1, 2
	), fresh as (
		select t.root, t.customer, greatest(r.ord_at, l.ord_at) as answered, x.since, x.n,
			coalesce(v.kind, f.kind, 'other') as kind, coalesce(x.nature, f.nature, 'neutral') as nature,
			coalesce(x.is_about, false) as is_about, v.oldest, v.excerpt, v.permalink, i.name, i.handle,
			coalesce(x.is_imported, false) as is_imported, y.policy_id, y.is_digest,
			case when y.is_calendar then x.since + y.warn
				else answerd.business_due(p_brand, x.since, y.warn, h.closes, h.gap, h.next_closes) end as warn_at,
			case when y.is_calendar then x.since + y.due
				else answerd.business_due(p_brand, x.since, y.due, h.closes, h.gap, h.next_closes) end as due_at,
			case when y.is_calendar then x.since + y.lead
				else answerd.business_due(p_brand, x.since, y.lead, h.closes, h.gap, h.next_closes) end as lead_at,
			x.since + y.stop as stop_at
		from touched t
		left join lateral (
			select m.ord_at from answerd.message m
			where m.brand_id = p_brand and m.account_id = p_account and m.root_id = t.root and m.customer_id = t.customer
				and m.is_answer
			order by m.ord_at desc limit 1) r on true
		left join lateral (
			select max(m.ord_at) as ord_at
			from answerd.answer_link k
			join answerd.message m on m.brand_id = p_brand and m.account_id = p_account
				and m.external_id = k.external_id and m.root_id = t.root and m.is_answer
			where k.brand_id = p_brand and k.account_id = p_account and k.customer_id = t.customer) l on true
		cross join lateral (
			select min(m.at) as since, count(*)::int as n, max(m.nature) as nature, not bool_or(m.is_to_us) as is_about,
				bool_and(m.is_imported) as is_imported, min(m.external_id) as id, min(m.kind) as kind,
				min(answerd.excerpt(m.body, m.warning)) as excerpt, min(m.permalink) as permalink
			from answerd.message m
			where m.brand_id = p_brand and m.account_id = p_account and m.root_id = t.root and m.customer_id = t.customer
				and m.ord_at > coalesce(greatest(r.ord_at, l.ord_at), '-infinity') and m.is_owed) x
		left join lateral ( -- the oldest of several; a single one stands in x
			select m.external_id, m.kind, answerd.excerpt(m.body, m.warning) as excerpt, m.permalink from answerd.message m
			where x.n > 1 and m.brand_id = p_brand and m.account_id = p_account and m.root_id = t.root and m.customer_id = t.customer
				and m.ord_at > coalesce(greatest(r.ord_at, l.ord_at), '-infinity') and m.is_owed
			order by m.ord_at, m.external_id limit 1) w on true
		cross join lateral (
			select case when x.n > 1 then w.external_id else x.id end as oldest, case when x.n > 1 then w.kind else x.kind end as kind,
				case when x.n > 1 then w.excerpt else x.excerpt end as excerpt,
				case when x.n > 1 then w.permalink else x.permalink end as permalink) v
		left join lateral (
			select i.name, i.handle from answerd.identity i
			where x.n > 0 and i.identity_id = t.customer and i.brand_id = p_brand limit 1) i on true
		left join lateral (
			select m.kind, m.nature from answerd.message m
			where x.n = 0 and m.brand_id = p_brand and m.account_id = p_account and m.root_id = t.root
				and m.customer_id = t.customer and m.direction = 'inbound' and m.is_to_us
			order by m.ord_at limit 1) f on true
		left join lateral (
			select q.policy_id, q.is_calendar, q.is_digest, q.warn, q.stop,
				case when greatest(r.ord_at, l.ord_at) is null then q.first else q.next end as due,
				case when greatest(r.ord_at, l.ord_at) is null then q.first_lead else q.next_lead end as lead
			from answerd.policy_choice q
			where x.n > 0 and q.kind = v.kind and q.nature = x.nature and q.is_about = x.is_about and q.brand_id = p_brand
			limit 1) y on true
		left join lateral (
			select f.closes, f.gap, f.next_closes from answerd.office_frame f
			where x.n > 0 and f.brand_id = p_brand and f.opens <= x.since
				and f.opens > x.since - interval '8 days' -- a page of the index is read to its end: the few that matter only
			order by f.opens desc limit 1) h on true
		left join lateral (
			select true as there from answerd.conversation c
			where not t.make and c.brand_id = p_brand and c.account_id = p_account and c.root_id = t.root and c.customer_id = t.customer
			limit 1) e on true
		where t.make or e.there
		offset 0 -- each deadline is computed once
	)
	insert into answerd.conversation as c (brand_id, account_id, customer_id, root_id, platform, waiting_since, answered_ord,
		unanswered, oldest_id, excerpt, permalink, customer_name, customer_handle, kind, nature, is_about, created_at, read_next_at,
		is_imported, policy_id, warn_at, due_at, lead_at,
		stop_at, alarm_at)
	select p_brand, p_account, customer, root, v_platform, since, answered, n, oldest, excerpt, permalink, name, handle, kind, nature,
		is_about, v_now, v_now + 2 * v_every,
		is_imported, policy_id, warn_at, due_at, lead_at, stop_at,
		case when not is_imported and not is_digest then least(warn_at, due_at, lead_at, stop_at) end
	from fresh
	on conflict (root_id, customer_id, account_id, brand_id) do update set
		waiting_since = excluded.waiting_since, answered_ord = excluded.answered_ord, unanswered = excluded.unanswered,
		oldest_id = excluded.oldest_id, excerpt = excluded.excerpt, permalink = excluded.permalink,
		customer_name = excluded.customer_name, customer_handle = excluded.customer_handle,
		kind = case when excluded.unanswered > 0 then excluded.kind else c.kind end,
		nature = case when excluded.unanswered > 0 then excluded.nature else c.nature end,
		is_about = case when excluded.unanswered > 0 then excluded.is_about else c.is_about end,
		is_imported = excluded.is_imported, policy_id = excluded.policy_id, warn_at = excluded.warn_at, due_at = excluded.due_at,
		lead_at = excluded.lead_at, stop_at = excluded.stop_at,
		-- What was told stays told while the same message waits: only the steps above it are left.
		alarm_told = case when excluded.oldest_id = c.oldest_id then c.alarm_told else 0 end,
		alarm_at = case when excluded.alarm_at is null or excluded.oldest_id is distinct from c.oldest_id then excluded.alarm_at
			else answerd.alarm_after(c.alarm_told, excluded.warn_at, excluded.due_at, excluded.lead_at, excluded.stop_at) end,
		version = c.version + 1,
		read_next_at = least(c.read_next_at, excluded.read_next_at),
		-- One message more than when it was put to sleep, or answered since, wakes a conversation.
		snoozed_until = case when excluded.unanswered > least(c.snoozed_unanswered, c.unanswered) then null
			else c.snoozed_until end,
		snoozed_unanswered = least(c.snoozed_unanswered, excluded.unanswered)
	where (c.waiting_since, c.answered_ord, c.unanswered, c.oldest_id, c.excerpt, c.permalink, c.is_imported, c.policy_id, c.warn_at, c.due_at, c.lead_at, c.stop_at)
			is distinct from (excluded.waiting_since, excluded.answered_ord, excluded.unanswered, excluded.oldest_id, excluded.excerpt,
				excluded.permalink, excluded.is_imported, excluded.policy_id, excluded.warn_at, excluded.due_at, excluded.lead_at, excluded.stop_at)
		or (excluded.unanswered > 0 and (c.kind, c.nature, c.is_about)
			is distinct from (excluded.kind, excluded.nature, excluded.is_about));
	get diagnostics v_n = row_count;
	perform answerd.fed_waits(v_waits, p_brand, p_account, p_root, p_customer);
	return v_n;
end $$;
