-- recompute(brand, account, roots, customers, makes) → rows written: the only writer of the clocks.
-- For each (thread, customer): what is owed and not covered by an answer; since when; since nothing has changed, no write.
-- makes[i] true: make the conversation if it is not there yet (only a message to us does).
-- The caller holds the account's row lock and calls this in a statement of its own, after its writes (I2).
-- It reads the unanswered tail, not the conversation: one probe backwards for our last answer, one range behind it.
create or replace function answerd.recompute(p_brand int, p_account int, p_root text[], p_customer bigint[], p_make bool[])
returns int language plpgsql set search_path = pg_catalog, answerd as $$
declare
	v_n int;
	v_now timestamptz := answerd.now();
	v_platform text;
	v_every interval;
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
			coalesce(o.kind, f.kind, 'other') as kind, coalesce(x.nature, f.nature, 'neutral') as nature,
			coalesce(x.is_about, false) as is_about, x.oldest, o.excerpt, o.permalink, i.name, i.handle
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
				(array_agg(m.external_id order by m.ord_at, m.external_id))[1] as oldest
			from answerd.message m
			where m.brand_id = p_brand and m.account_id = p_account and m.root_id = t.root and m.customer_id = t.customer
				and m.ord_at > coalesce(greatest(r.ord_at, l.ord_at), '-infinity') and m.is_owed) x
		left join lateral (
			select m.kind, left(coalesce(nullif(m.body, ''), m.warning), 300) as excerpt, m.permalink from answerd.message m
			where m.external_id = x.oldest and m.account_id = p_account and m.brand_id = p_brand limit 1) o on true
		left join lateral (
			select i.name, i.handle from answerd.identity i
			where x.n > 0 and i.identity_id = t.customer and i.brand_id = p_brand limit 1) i on true
		left join lateral (
			select m.kind, m.nature from answerd.message m
			where x.n = 0 and m.brand_id = p_brand and m.account_id = p_account and m.root_id = t.root
				and m.customer_id = t.customer and m.direction = 'inbound' and m.is_to_us
			order by m.ord_at limit 1) f on true
		left join lateral (
			select true as there from answerd.conversation c
			where not t.make and c.brand_id = p_brand and c.account_id = p_account and c.root_id = t.root and c.customer_id = t.customer
			limit 1) e on true
		where t.make or e.there
	)
	insert into answerd.conversation as c (brand_id, account_id, customer_id, root_id, platform, waiting_since, answered_ord,
		unanswered, oldest_id, excerpt, permalink, customer_name, customer_handle, kind, nature, is_about, created_at, read_next_at)
	select p_brand, p_account, customer, root, v_platform, since, answered, n, oldest, excerpt, permalink, name, handle, kind, nature,
		is_about, v_now, v_now + 2 * v_every
	from fresh
	on conflict (root_id, customer_id, account_id, brand_id) do update set
		waiting_since = excluded.waiting_since, answered_ord = excluded.answered_ord, unanswered = excluded.unanswered,
		oldest_id = excluded.oldest_id, excerpt = excluded.excerpt, permalink = excluded.permalink,
		customer_name = excluded.customer_name, customer_handle = excluded.customer_handle,
		kind = case when excluded.unanswered > 0 then excluded.kind else c.kind end,
		nature = case when excluded.unanswered > 0 then excluded.nature else c.nature end,
		is_about = case when excluded.unanswered > 0 then excluded.is_about else c.is_about end,
		version = c.version + 1,
		read_next_at = least(c.read_next_at, excluded.read_next_at),
		-- One message more than when it was put to sleep, or answered since, wakes a conversation.
		snoozed_until = case when excluded.unanswered > least(c.snoozed_unanswered, c.unanswered) then null
			else c.snoozed_until end,
		snoozed_unanswered = least(c.snoozed_unanswered, excluded.unanswered)
	where (c.waiting_since, c.answered_ord, c.unanswered, c.oldest_id, c.excerpt, c.permalink)
			is distinct from (excluded.waiting_since, excluded.answered_ord, excluded.unanswered, excluded.oldest_id, excluded.excerpt,
				excluded.permalink)
		or (excluded.unanswered > 0 and (c.kind, c.nature, c.is_about)
			is distinct from (excluded.kind, excluded.nature, excluded.is_about));
	get diagnostics v_n = row_count;
	return v_n;
end $$;
