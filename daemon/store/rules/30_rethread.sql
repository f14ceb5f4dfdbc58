-- follow(brand, account, …): conversations follow their messages when threads join or part. Called by rethread only.
-- Arrays, one element a message whose place changed: its time, where it was, where it is.
-- Joined: the older row survives with its id, the other keeps merged_into, and every reference follows.
-- Parted: the side with the oldest message keeps the id.
create or replace function answerd.follow(p_brand int, p_account int, p_at timestamptz[], p_old_root text[],
	p_old_customer bigint[], p_new_root text[], p_new_customer bigint[]) returns void language plpgsql
set search_path = pg_catalog, answerd as $$
declare
	v_move record;
	v_old answerd.conversation;
	v_new answerd.conversation;
	v_left timestamptz;
begin
	for v_move in
		select distinct on (old_root, old_customer) at, old_root, old_customer, new_root, new_customer
		from unnest(p_at, p_old_root, p_old_customer, p_new_root, p_new_customer)
			u(at, old_root, old_customer, new_root, new_customer)
		where old_root is not null and old_customer is not null and new_root is not null and new_customer is not null
			and (old_root, old_customer) <> (new_root, new_customer)
		order by old_root, old_customer, at
	loop
		select * into v_old from answerd.conversation c where c.root_id = v_move.old_root and c.customer_id = v_move.old_customer
			and c.account_id = p_account and c.brand_id = p_brand;
		continue when not found;
		select min(m.at) into v_left from answerd.message m where m.root_id = v_move.old_root
			and m.customer_id = v_move.old_customer and m.account_id = p_account and m.brand_id = p_brand
			and m.direction = 'inbound';
		select * into v_new from answerd.conversation c where c.root_id = v_move.new_root and c.customer_id = v_move.new_customer
			and c.account_id = p_account and c.brand_id = p_brand;
		if v_new.conversation_id is null then
			if v_left is null or v_move.at < v_left then
				update answerd.conversation set root_id = v_move.new_root, customer_id = v_move.new_customer, version = version + 1
				where conversation_id = v_old.conversation_id and brand_id = p_brand;
			end if;
		elsif v_left is null and v_old.conversation_id < v_new.conversation_id then
			perform answerd.merge_rows(p_brand, v_old.conversation_id, v_new.conversation_id);
			update answerd.conversation set root_id = v_move.new_root, customer_id = v_move.new_customer
			where conversation_id = v_old.conversation_id and brand_id = p_brand;
		elsif v_left is null then
			perform answerd.merge_rows(p_brand, v_new.conversation_id, v_old.conversation_id);
		end if;
	end loop;
end $$;

-- merge_rows(brand, survivor, gone): everything that staff did with `gone` follows to `survivor`; `gone` waits no more.
-- Its key becomes free: minus its own id stands where the customer stood.
create or replace function answerd.merge_rows(p_brand int, p_survivor bigint, p_gone bigint) returns void language plpgsql
set search_path = pg_catalog, answerd as $$
begin
	update answerd.conversation s set
		assignee_id = coalesce(s.assignee_id, g.assignee_id),
		assigned_until = case when s.assignee_id is null then g.assigned_until else s.assigned_until end,
		snoozed_until = coalesce(s.snoozed_until, g.snoozed_until),
		snoozed_unanswered = coalesce(s.snoozed_unanswered, g.snoozed_unanswered),
		priority = greatest(s.priority, g.priority),
		tags = (select coalesce(array_agg(distinct t order by t), '{}') from unnest(s.tags || g.tags) t),
		version = s.version + 1
	from answerd.conversation g
	where s.conversation_id = p_survivor and s.brand_id = p_brand and g.conversation_id = p_gone and g.brand_id = p_brand;
	update answerd.reply set conversation_id = p_survivor where conversation_id = p_gone and brand_id = p_brand;
	update answerd.note set conversation_id = p_survivor where conversation_id = p_gone and brand_id = p_brand;
	update answerd.conversation set merged_into = p_survivor where merged_into = p_gone and brand_id = p_brand;
	update answerd.conversation set merged_into = p_survivor, customer_id = -conversation_id, waiting_since = null, warn_at = null,
		due_at = null, lead_at = null, stop_at = null, policy_id = null, is_imported = false, alarm_told = 0, alarm_at = null, unanswered = 0,
		oldest_id = null, excerpt = null, permalink = null, customer_name = null, customer_handle = null, assignee_id = null, assigned_until = null,
		read_next_at = null, version = version + 1
	where conversation_id = p_gone and brand_id = p_brand;
end $$;

-- rethread(brand, account, start) → (roots, customers, makes) to recompute: derives again everything at and below the
-- messages in start, downwards by the index of parents, the deepest path wins. Cold path: a late parent came, a message
-- of ours made an overheard one ours, or an edit changed who is named. The caller holds the account's row lock.
create or replace function answerd.rethread(p_brand int, p_account int, p_start text[], out o_root text[],
	out o_customer bigint[], out o_make bool[]) language plpgsql set search_path = pg_catalog, answerd as $$
declare
	v_id text[]; v_root text[]; v_customer bigint[]; v_ord timestamptz[]; v_to_us bool[];
	v_at timestamptz[]; v_old_root text[]; v_old_customer bigint[];
begin
	with recursive walk as (
		select s.external_id, s.kind, s.direction, s.author_id, s.at, 1 as depth, s.root_id as old_root, s.customer_id as old_customer,
			s.is_about,
			answerd.derive_root(s.direction, s.external_id, s.parent_id, coalesce(s.merged_root, s.thread_id), p.external_id is not null, p.root_id) as root,
			answerd.derive_customer(s.direction, s.author_id, case when s.thread_id is not null then s.customer_id end, p.customer_id) as customer,
			answerd.derive_ord(s.direction, s.at, p.ord_at) as ord_at,
			answerd.derive_to_us(s.kind, s.direction, s.is_named, s.author_id,
				exists (select from answerd.message q where q.brand_id = p_brand and q.account_id = p_account
					and q.parent_id = s.external_id and q.direction = 'outbound' and q.kind <> 'other'),
				p.kind, p.direction, p.author_id, p.is_to_us) as to_us
		from unnest(p_start) e(id)
		cross join lateral (select * from answerd.message s where s.brand_id = p_brand and s.account_id = p_account
			and s.external_id = e.id limit 1) s
		left join lateral (select * from answerd.message p where p.brand_id = p_brand and p.account_id = p_account
			and p.external_id = s.parent_id limit 1) p on true
		union all
		select c.external_id, c.kind, c.direction, c.author_id, c.at, w.depth + 1, c.root_id, c.customer_id, c.is_about,
			answerd.derive_root(c.direction, c.external_id, c.parent_id, coalesce(c.merged_root, c.thread_id), true, w.root),
			answerd.derive_customer(c.direction, c.author_id, case when c.thread_id is not null then c.customer_id end, w.customer),
			answerd.derive_ord(c.direction, c.at, w.ord_at),
			answerd.derive_to_us(c.kind, c.direction, c.is_named, c.author_id,
				exists (select from answerd.message q where q.brand_id = p_brand and q.account_id = p_account
					and q.parent_id = c.external_id and q.direction = 'outbound' and q.kind <> 'other'),
				w.kind, w.direction, w.author_id, w.to_us)
		from walk w
		cross join lateral (select * from answerd.message c where c.brand_id = p_brand and c.account_id = p_account
			and c.parent_id = w.external_id offset 0) c
	) cycle external_id set is_cycle using path,
	derived as materialized (
		select distinct on (external_id) * from walk where not is_cycle order by external_id, depth desc
	), touched as (
		select old_root as root, old_customer as customer, false as make from derived
		union
		select root, customer, to_us or is_about from derived
		union
		select x.root, k.customer_id, false
		from (select external_id, root from derived where direction = 'outbound'
			union select external_id, old_root from derived where direction = 'outbound') x
		cross join lateral (select customer_id from answerd.answer_link k where k.brand_id = p_brand
			and k.account_id = p_account and k.external_id = x.external_id offset 0) k
	)
	select (select array_agg(root) from touched), (select array_agg(customer) from touched), (select array_agg(make) from touched),
		array_agg(external_id order by external_id), array_agg(root order by external_id),
		array_agg(customer order by external_id), array_agg(ord_at order by external_id),
		array_agg(to_us order by external_id), array_agg(at order by external_id),
		array_agg(case when direction = 'inbound' then old_root end order by external_id),
		array_agg(old_customer order by external_id)
	into o_root, o_customer, o_make, v_id, v_root, v_customer, v_ord, v_to_us, v_at, v_old_root, v_old_customer
	from derived;
	if v_id is null then
		return;
	end if;
	update answerd.message m set root_id = n.root, customer_id = n.customer, ord_at = n.ord_at, is_to_us = n.to_us
	from unnest(v_id, v_root, v_customer, v_ord, v_to_us) n(id, root, customer, ord_at, to_us)
	where m.brand_id = p_brand and m.account_id = p_account and m.external_id = n.id and m.external_id = any (v_id)
		and (m.root_id, m.customer_id, m.ord_at, m.is_to_us) is distinct from (n.root, n.customer, n.ord_at, n.to_us);
	if v_old_root is distinct from v_root then
		perform answerd.follow(p_brand, p_account, v_at, v_old_root, v_old_customer, v_root, v_customer);
	end if;
end $$;
