-- Events for programs of others: message.* wait.* reply.* conversation.*, in one order, to channels whose `events` name their family.
-- Written by whoever makes them happen, in that transaction, while some channel asks for events; told by the machine that tells, as
-- one telling of at most fifty at a time, the next one when that was taken: at least once, in order, under the same delivery id.

-- is_fed(): does anybody ask? A few rows, read before anything is written.
create or replace function answerd.is_fed() returns bool language plpgsql stable set search_path = pg_catalog as $$
begin
	return exists (select from answerd.channel where is_configured and events <> '{}');
end $$;

-- fed(…): one event, while anybody asks.
create or replace function answerd.fed(p_event text, p_brand int, p_account int, p_conversation bigint, p_message text default null,
	p_reply bigint default null, p_actor text default null, p_how text default null) returns void language plpgsql
set search_path = pg_catalog as $$
begin
	if answerd.is_fed() then
		insert into answerd.feed (brand_id, at, event, account_id, conversation_id, external_id, reply_id, actor, how)
		values (p_brand, answerd.now(), p_event, p_account, p_conversation, p_message, p_reply, p_actor, p_how);
	end if;
end $$;

-- fed_messages(event, brand, account, ids): customers' messages to us or about us; imported history is no event. Their conversation,
-- which may not be there yet, is looked up when they are told.
create or replace function answerd.fed_messages(p_event text, p_brand int, p_account int, p_ids text[]) returns void language plpgsql
set search_path = pg_catalog as $$
begin
	if p_ids is not null and answerd.is_fed() then
		insert into answerd.feed (brand_id, at, event, account_id, external_id)
		select p_brand, answerd.now(), p_event, p_account, m.external_id
		from answerd.message m
		where m.external_id = any (p_ids) and m.account_id = p_account and m.brand_id = p_brand and m.direction = 'inbound'
			and (m.is_to_us or m.is_about) and not m.is_imported and m.kind <> 'other'
		order by m.ord_at, m.external_id;
	end if;
end $$;

-- waits_of(brand, account, roots, customers) → who waits there now, for fed_waits(); null while nobody asks.
create or replace function answerd.waits_of(p_brand int, p_account int, p_root text[], p_customer bigint[]) returns jsonb
language plpgsql stable set search_path = pg_catalog as $$
begin
	if not answerd.is_fed() then
		return null;
	end if;
	return (select coalesce(jsonb_object_agg(c.conversation_id, jsonb_build_array(c.oldest_id, c.answered_ord)) filter (where c.waiting_since is not null), '{}')
		from (select distinct root, customer from unnest(p_root, p_customer) u(root, customer)) t
		join answerd.conversation c on c.root_id = t.root and c.customer_id = t.customer and c.account_id = p_account and c.brand_id = p_brand);
end $$;
-- fed_waits(before, …): waits that began or ended since; `how` it ended: answered, or settled (dismissed, deleted, spam).
create or replace function answerd.fed_waits(p_was jsonb, p_brand int, p_account int, p_root text[], p_customer bigint[]) returns void
language plpgsql set search_path = pg_catalog as $$
begin
	if p_was is null then
		return;
	end if;
	insert into answerd.feed (brand_id, at, event, account_id, conversation_id, external_id, how)
	select p_brand, answerd.now(), case when c.waiting_since is null then 'wait.ended' else 'wait.began' end, p_account, c.conversation_id, c.oldest_id,
		case when c.waiting_since is null then case when c.answered_ord is distinct from (p_was -> c.conversation_id::text ->> 1)::timestamptz
			then 'answered' else 'settled' end end
	from (select distinct root, customer from unnest(p_root, p_customer) u(root, customer)) t
	join answerd.conversation c on c.root_id = t.root and c.customer_id = t.customer and c.account_id = p_account and c.brand_id = p_brand
	where (c.waiting_since is not null) <> (p_was ? c.conversation_id::text) and not c.is_imported
	order by c.waiting_since nulls first, c.conversation_id;
end $$;

-- feed_item(event) → what a receiver reads: ids and the present state. Words that were erased meanwhile are not in it.
create or replace function answerd.feed_item(f answerd.feed) returns json language plpgsql stable set search_path = pg_catalog as $$
begin
	return (select json_build_object('id', f.no::text, 'event', f.event, 'at', answerd.rfc3339(f.at), 'brand', b.name, 'account', a.name, 'platform', a.platform,
		'by', case when f.actor like 'staff:%' then (select login from answerd.staff s where s.staff_id = substr(f.actor, 7)::bigint) end, 'how', f.how,
		'message', (select json_build_object('id', m.external_id, 'parent', m.parent_id, 'at', answerd.rfc3339(m.at), 'kind', m.kind, 'nature', m.nature,
				'author', json_build_object('id', i.identity_id::text, 'name', i.name, 'handle', i.handle),
				'text', case when m.deleted_at is null then m.body end, 'permalink', m.permalink, 'deleted_at', answerd.rfc3339(m.deleted_at))
			from answerd.message m left join answerd.identity i on i.identity_id = m.author_id and i.brand_id = m.brand_id
			where f.event like 'message.%' and m.external_id = f.external_id and m.account_id = f.account_id and m.brand_id = f.brand_id),
		'reply', (select answerd.reply_json(r) from answerd.reply r where r.reply_id = f.reply_id and r.brand_id = f.brand_id),
		'conversation', (select e.entry from answerd.conversation c join answerd.entry_json e on e.brand_id = c.brand_id
				and e.conversation_id = coalesce(c.merged_into, c.conversation_id)
			where c.conversation_id = coalesce(f.conversation_id, (select x.conversation_id from answerd.message m join answerd.conversation x
				on x.root_id = m.root_id and x.customer_id = m.customer_id and x.account_id = m.account_id and x.brand_id = m.brand_id
				where m.external_id = f.external_id and m.account_id = f.account_id and m.brand_id = f.brand_id)) and c.brand_id = f.brand_id))
	from answerd.brand b join answerd.account a on a.brand_id = b.brand_id
	where b.brand_id = f.brand_id and a.account_id = f.account_id);
end $$;

-- feed_family(event): what a channel's `events` names.
create or replace function answerd.feed_family(p_event text) returns text language sql immutable set search_path = pg_catalog as $$
	select split_part(p_event, '.', 1)
$$;

-- feed_turn(): gives places in the order to what has become visible, and makes the next telling of each channel that has none under way.
-- By the one that speaks only. Events are kept for thirty days, for replay.
create or replace function answerd.feed_turn() returns void language plpgsql set search_path = pg_catalog as $$
declare
	ch answerd.channel;
	v record;
begin
	if not answerd.is_fed() and not exists (select from answerd.feed) then
		return;
	end if;
	with next as (select feed_id, brand_id from answerd.feed where no is null order by feed_id limit 5000 for update skip locked),
		placed as (select n.feed_id, n.brand_id, nextval('answerd.feed_order') as no from (select * from next order by feed_id) n)
	update answerd.feed f set no = p.no from placed p where f.feed_id = p.feed_id and f.brand_id = p.brand_id;
	for ch in select * from answerd.channel where is_configured and events <> '{}' order by name loop
		continue when exists (select from answerd.telling t where t.channel = ch.name and t.group_key = 'events||' and t.ended_at is null);
		select json_agg(answerd.feed_item(x.f) order by (x.f).no) as items, count(*) as n, max((x.f).no) as last into v
		from (select f from answerd.feed f where f.no > ch.fed_no and answerd.feed_family(f.event) = any (ch.events) order by f.no limit 50) x;
		continue when v.n = 0;
		insert into answerd.telling (channel, group_key, event, n_alerts, title, text, body)
		values (ch.name, 'events||', 'events', v.n, format('%s event%s', v.n, case v.n when 1 then '' else 's' end), '',
			json_build_object('event', 'events', 'at', answerd.rfc3339(answerd.now()), 'count', v.n, 'items', v.items)::text);
		update answerd.channel set fed_no = v.last where name = ch.name;
	end loop;
	delete from answerd.feed where (feed_id, brand_id) in (select feed_id, brand_id from answerd.feed where no is not null
		and at < answerd.now() - interval '30 days' order by no limit 1000);
end $$;
