-- What staff do together over one conversation: two threads become one, a dismissal is taken back, a colleague is named in a note.
-- Refusals as in 50_desk.sql.

-- joined(brand, account, ids, roots, make): what a page brought into a thread that a person joined to another (rules/40) belongs to that one.
-- → o_start: messages to derive anew; o_make: as p_make, false for the threads that were joined: no conversation is made there.
create or replace function answerd.joined(p_brand int, p_account int, p_ids text[], p_root text[], p_make bool[], out o_make bool[],
	out o_start text[]) language plpgsql set search_path = pg_catalog, answerd as $$
begin
	with hit as (
		update answerd.message m set merged_root = t.into_root from answerd.thread_join t
		where m.external_id = any (p_ids) and m.account_id = p_account and m.brand_id = p_brand and t.root_id = m.root_id
			and t.account_id = p_account and t.brand_id = p_brand
		returning m.external_id
	)
	select coalesce(array_agg(external_id), '{}') into o_start from hit;
	select array_agg(u.make and not exists (select from answerd.thread_join t where t.root_id = u.root and t.account_id = p_account
		and t.brand_id = p_brand) order by u.n) into o_make from unnest(p_root, p_make) with ordinality u(root, make, n);
end $$;

-- in_both(brand, account, threads, but): somebody else who speaks, or is spoken to, in both and has a conversation there: an answer in one
-- would then cover what they said in the other.
create or replace function answerd.in_both(p_brand int, p_account int, p_one text, p_two text, p_but bigint) returns bigint language sql stable
set search_path = pg_catalog as $$
	with part as (
		select m.root_id, m.customer_id from answerd.message m where m.root_id in (p_one, p_two) and m.account_id = p_account and m.brand_id = p_brand
		union
		select m.root_id, k.customer_id from answerd.message m join answerd.answer_link k on k.external_id = m.external_id
			and k.account_id = p_account and k.brand_id = p_brand
		where m.root_id in (p_one, p_two) and m.account_id = p_account and m.brand_id = p_brand
	)
	select a.customer_id from part a join part b on b.customer_id = a.customer_id and b.root_id = p_two
	where a.root_id = p_one and a.customer_id <> p_but and exists (select from answerd.conversation c where c.customer_id = a.customer_id
		and c.root_id in (p_one, p_two) and c.account_id = p_account and c.brand_id = p_brand)
	order by 1 limit 1
$$;

-- merge(conversation, with, actor): two conversations of one customer with one account become one. The older row keeps its id, the older
-- start wins, and an answer covers both. The tops of the younger thread are marked; all below them follows through rethread.
create or replace function answerd.merge(p_id text, p_with text, p_actor bigint, p_version int default null) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	d answerd.conversation;
	v_other bigint;
	v_tops text[];
	v record;
begin
	c := answerd.conversation_named(p_id);
	d := answerd.conversation_named(p_with);
	if c.conversation_id = d.conversation_id then
		perform answerd.refuse_as('AN409', 'merged_already', 'Conversation %s is one already.', c.conversation_id::text);
	elsif c.account_id <> d.account_id or c.brand_id <> d.brand_id then
		perform answerd.refuse_as('AN409', 'merge_accounts', 'Conversations %s and %s are with different accounts: a reply goes out by one of them.',
			c.conversation_id::text, d.conversation_id::text);
	end if;
	c := answerd.conversation_held(p_id, true, p_version);
	d := answerd.conversation_held(p_with, true);
	if c.conversation_id = d.conversation_id then
		perform answerd.refuse_as('AN409', 'merged_already', 'Conversation %s is one already.', c.conversation_id::text);
	elsif c.customer_id <> d.customer_id then
		perform answerd.refuse_as('AN409', 'merge_customers', 'Conversations %s and %s are with different customers: each of them waits alone.',
			c.conversation_id::text, d.conversation_id::text);
	end if;
	if d.conversation_id < c.conversation_id then
		v := d; d := c; c := v;
	end if;
	v_other := answerd.in_both(c.brand_id, c.account_id, c.root_id, d.root_id, c.customer_id);
	if v_other is not null then
		perform answerd.refuse_as('AN409', 'merge_third', '%s speaks in both threads as well, and an answer in one must not cover what they said in the other.',
			coalesce((select coalesce(nullif(i.name, ''), i.handle) from answerd.identity i where i.identity_id = v_other and i.brand_id = c.brand_id),
				'Somebody else'));
	end if;
	with top as (
		update answerd.message m set merged_root = c.root_id
		where m.root_id = d.root_id and m.account_id = c.account_id and m.brand_id = c.brand_id
			and (m.merged_root is not null or m.thread_id is not null or not exists (select from answerd.message p where p.external_id = m.parent_id
				and p.root_id = m.root_id and p.account_id = c.account_id and p.brand_id = c.brand_id))
		returning m.external_id
	)
	select array_agg(external_id) into v_tops from top;
	if v_tops is null then
		perform answerd.refuse_as('AN409', 'merge_circle', 'The thread of conversation %s goes round in a circle and cannot be joined.', d.conversation_id::text);
	end if;
	update answerd.thread_join set into_root = c.root_id where into_root = d.root_id and account_id = c.account_id and brand_id = c.brand_id;
	insert into answerd.thread_join (brand_id, account_id, staff_id, at, root_id, into_root)
	values (c.brand_id, c.account_id, p_actor, answerd.now(), d.root_id, c.root_id)
	on conflict (root_id, account_id, brand_id) do update set into_root = excluded.into_root, staff_id = excluded.staff_id, at = excluded.at;
	update answerd.account set has_joins = true where account_id = c.account_id and brand_id = c.brand_id;
	select * into v from answerd.rethread(c.brand_id, c.account_id, v_tops);
	perform answerd.recompute(c.brand_id, c.account_id, v.o_root, v.o_customer, v.o_make);
	perform answerd.audited(c, p_actor, 'merge', jsonb_build_object('gone', d.conversation_id::text));
	return answerd.entry(c);
end $$;

-- undismiss(conversation, actor): a reply is needed after all. What the last dismissal settled waits again, since when it ever did.
create or replace function answerd.undismiss(p_id text, p_actor bigint, p_version int default null) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_held(p_id, true, p_version);
	v_ids text[];
	v_back text[];
	v_note bigint;
begin
	select array(select jsonb_array_elements_text(a.detail -> 'messages')) into v_ids from answerd.audit a
	where a.brand_id = c.brand_id and a.act = 'dismiss' and a.object in (select 'conversation:' || x.conversation_id from answerd.conversation x
		where x.brand_id = c.brand_id and (x.conversation_id = c.conversation_id or x.merged_into = c.conversation_id))
	order by a.seq desc limit 1;
	with back as (
		update answerd.message m set settled = null where m.external_id = any (v_ids) and m.root_id = c.root_id and m.customer_id = c.customer_id
			and m.account_id = c.account_id and m.brand_id = c.brand_id and m.settled is not null returning m.external_id
	)
	select array_agg(external_id order by external_id) into v_back from back;
	if v_back is null then
		perform answerd.refuse_as('AN409', 'dismissed_not', 'Nothing in conversation %s is dismissed.', c.conversation_id::text);
	end if;
	insert into answerd.note (brand_id, conversation_id, staff_id, at, body)
	values (c.brand_id, c.conversation_id, p_actor, answerd.now(), 'A reply is needed after all.') returning note_id into v_note;
	update answerd.conversation set version = version + 1 where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.recompute(c.brand_id, c.account_id, array[c.root_id], array[c.customer_id], array[false]);
	perform answerd.audited(c, p_actor, 'undismiss', jsonb_build_object('note', v_note::text, 'messages', to_jsonb(v_back)));
	return answerd.entry(c);
end $$;

-- mention(note, also): who is named with @login in it, and the staff member `also`, find it in their lists; names nobody has are only words.
-- Never oneself.
create or replace function answerd.mention(n answerd.note, p_also bigint default null) returns void language sql volatile set search_path = pg_catalog as $$
	insert into answerd.note_mention (brand_id, staff_id, note_id)
	select n.brand_id, s.staff_id, n.note_id from answerd.staff s
	where s.disabled_at is null and s.staff_id <> n.staff_id and (s.staff_id = p_also or s.login in (
		select rtrim(x[1], '.-_') from regexp_matches(lower(n.body), '(?:^|[^a-z0-9._@-])@([a-z][a-z0-9._-]{0,39})', 'g') x))
	order by s.staff_id on conflict do nothing
$$;

-- note_parts(words) → the parts of a note that an act left; null: somebody wrote it.
create or replace function answerd.note_parts(p text) returns jsonb language sql stable set search_path = pg_catalog as $$
	select case when p like 'No reply needed: %' then jsonb_build_array(jsonb_build_object('code', 'note_dismissed', 'reason', substr(p, length('No reply needed: ') + 1)))
		when p like 'Given back to the queue: %' then jsonb_build_array(jsonb_build_object('code', 'note_given_back', 'reason', substr(p, length('Given back to the queue: ') + 1)))
		when p ~ '^Given to [^:]+: ' then jsonb_build_array(jsonb_build_object('code', 'note_given', 'who', substring(p from '^Given to ([^:]+): '),
			'reason', regexp_replace(p, '^Given to [^:]+: ', ''))) end
$$;
-- note_json(note): the object of the API, with the logins that it names.
create or replace function answerd.note_json(n answerd.note) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('id', n.note_id::text, 'conversation', n.conversation_id::text, 'at', answerd.rfc3339(n.at), 'by', s.login,
		'name', s.name, 'text', n.body, 'text_parts', answerd.note_parts(n.body), 'mentions', coalesce((select json_agg(f.login order by f.login) from answerd.note_mention m
			join answerd.staff f on f.staff_id = m.staff_id where m.note_id = n.note_id and m.brand_id = n.brand_id), '[]'))
	from (select 1) x left join answerd.staff s on s.staff_id = n.staff_id
$$;

-- notes_mine(actor, open, after, limit) → {items, next, unseen}: notes that name the caller, newest first; open: not read yet.
create or replace function answerd.notes_mine(p_actor bigint, p_open bool, p_after text, p_limit bigint) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	v_limit bigint := nullif(coalesce(p_limit, 50), 0);
	v record;
begin
	if p_after !~ '^[0-9]{1,18}$' then
		perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the page before, unchanged.');
	end if;
	select coalesce(json_agg((left(answerd.note_json(x.n)::text, -1) || ', ' || substr(json_build_object('seen_at', answerd.rfc3339(x.seen_at),
			'customer', json_build_object('name', i.name, 'handle', i.handle), 'waiting_since', answerd.rfc3339(c.waiting_since))::text, 2))::json
			order by x.id desc) filter (where x.nth <= v_limit or v_limit is null), '[]') as items,
		count(*) as n, min(x.id) filter (where x.nth = v_limit)::text as next
	into v
	from (select n, m.note_id as id, m.seen_at, row_number() over (order by m.note_id desc) as nth from answerd.note_mention m
		join answerd.note n on n.note_id = m.note_id and n.brand_id = m.brand_id
		where m.staff_id = p_actor and (p_after is null or m.note_id < p_after::bigint) and (not coalesce(p_open, false) or m.seen_at is null)
		order by m.note_id desc limit v_limit + 1) x
	left join answerd.conversation c on c.conversation_id = (x.n).conversation_id and c.brand_id = (x.n).brand_id
	left join answerd.identity i on i.identity_id = c.customer_id and i.brand_id = c.brand_id;
	return json_build_object('items', v.items, 'next', case when v.n > v_limit then v.next end,
		'unseen', (select count(*) from answerd.note_mention m where m.staff_id = p_actor and m.seen_at is null));
end $$;

-- notes_seen(conversation, actor) → {seen: how many became so, unseen: anywhere}: the caller has read the notes there that name them.
create or replace function answerd.notes_seen(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_named(p_id);
	v_n bigint;
begin
	update answerd.note_mention m set seen_at = answerd.now() from answerd.note n
	where n.conversation_id = c.conversation_id and n.brand_id = c.brand_id and m.note_id = n.note_id and m.brand_id = n.brand_id
		and m.staff_id = p_actor and m.seen_at is null;
	get diagnostics v_n = row_count;
	return json_build_object('seen', v_n, 'unseen', (select count(*) from answerd.note_mention m where m.staff_id = p_actor and m.seen_at is null));
end $$;
