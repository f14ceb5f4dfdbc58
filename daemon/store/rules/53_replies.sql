-- What staff do with replies: they write, look each other over the shoulder, and decide what machines may not. The outbox itself is
-- 48_outbox.sql. Refusals as in 50_desk.sql.

-- public_name(staff): how a customer knows them: the first name.
create or replace function answerd.public_name(p_staff bigint) returns text language sql stable set search_path = pg_catalog as $$
	select coalesce(nullif(split_part(btrim(name), ' ', 1), ''), login) from answerd.staff where staff_id = p_staff
$$;

-- fingerprint(text, names): the same words to somebody else have the same one: numbers, names and handles apart. '' is nobody's.
create or replace function answerd.fingerprint(p_text text, p_names text) returns text language plpgsql immutable set search_path = pg_catalog as $$
declare
	v text := regexp_replace(lower(p_text), '@[^[:space:]]+', ' ', 'g');
	v_name text;
begin
	for v_name in select distinct n from regexp_split_to_table(lower(coalesce(p_names, '')), '[][:space:]!-/:-@\\^_`{-~[]+') n where length(n) >= 2 loop
		v := regexp_replace(v, '\m' || v_name || '\M', ' ', 'g');
	end loop;
	v := regexp_replace(v, '[][:space:]0-9!-/:-@\\^_`{-~[]+', '', 'g');
	return case when v = '' then '' else md5(v) end;
end $$;
create or replace function answerd.names_in(p_brand int, p_customer bigint, p_staff bigint) returns text language sql stable set search_path = pg_catalog as $$
	select concat_ws(' ', (select concat_ws(' ', i.name, i.handle) from answerd.identity i where i.identity_id = p_customer and i.brand_id = p_brand),
		(select s.name from answerd.staff s where s.staff_id = p_staff))
$$;

-- reply_hindrance(brand, account): why nothing can be posted there now; null: nothing is in the way. The first half of why_not.
create or replace function answerd.reply_hindrance(p_brand int, p_account int) returns text language sql stable set search_path = pg_catalog as $$
	select case
		when p.account_id is null then 'The worker has not yet said what it can post on this account; try again in a moment.'
		when p.is_able is not true then coalesce(p.why_unable,
			'Nothing can be posted from here on this account; answer in the platform''s own app, answerd will see it.')
		when h.is_panic then 'All posting is stopped since ' || answerd.clock_text(h.panic_at, b.timezone) || ': answer panic off lets it go on.'
		when a.state = 'refused' or a.own_id is null then 'The platform does not let us in at the moment: answer sources says why.'
		when p.refused is not null then 'The platform does not let us post since ' || answerd.clock_text(p.refused_at, b.timezone) || ': '
			|| p.refused || '.' end
	from answerd.account a join answerd.brand b on b.brand_id = a.brand_id
	left join answerd.posting p on p.account_id = a.account_id and p.brand_id = a.brand_id
	left join answerd.respond_house h on true
	where a.account_id = p_account and a.brand_id = p_brand
$$;
-- reply_unfit(brand, account, kind, since): why this conversation takes no reply, ever; the second half. since: null where a
-- later message may have come.
create or replace function answerd.reply_unfit(p_brand int, p_account int, p_kind answerd.message_kind, p_since timestamptz) returns text
language plpgsql stable set search_path = pg_catalog as $$
begin
	return (select case
		when not p_kind = any (p.answers) then 'A ' || p_kind || ' cannot be answered from here; answer in the platform''s own app, answerd will see it.'
		when w.s > 0 and p_since < answerd.now() - w.s * interval '1 second' then answerd.reply_late(w.s) end
	from answerd.posting p, lateral (select coalesce(nullif(case p_kind when 'direct' then p.direct_window_s end, 0), p.window_s) as s) w
	where p.account_id = p_account and p.brand_id = p_brand);
end $$;
create or replace function answerd.reply_late(p_window_s bigint) returns text language plpgsql stable set search_path = pg_catalog as $$
begin
	return 'The platform takes no reply any more: the customer''s last message is older than ' || answerd.length_text(p_window_s * interval '1 second') || '.';
end $$;

-- reply_parent(conversation) → the message that a reply answers: the customer's newest one to us; a reply covers everything before it.
create or replace function answerd.reply_parent(c answerd.conversation) returns answerd.message language sql stable set search_path = pg_catalog as $$
	select m from answerd.message m where m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id
		and m.brand_id = c.brand_id and m.direction = 'inbound' and m.kind <> 'other' and m.deleted_at is null
	order by (m.is_to_us or m.is_about) desc, m.ord_at desc, m.external_id desc limit 1
$$;

-- meanwhile(conversation): what happened to it last, for whoever was a moment too late.
create or replace function answerd.meanwhile(c answerd.conversation) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
	r answerd.reply;
	v_zone text := (select timezone from answerd.brand where brand_id = c.brand_id);
	v record;
begin
	select * into r from answerd.reply where conversation_id = c.conversation_id and brand_id = c.brand_id and (state <> 'draft' or submitted_at is not null)
	order by reply_id desc limit 1;
	select a.at, a.act, a.actor into v from answerd.audit a where a.object = 'conversation:' || c.conversation_id and a.brand_id = c.brand_id
	order by a.seq desc limit 1;
	return case
		when r.reply_id is not null and (v.at is null or r.created_at >= v.at - interval '1 s') then format('%s answered at %s (reply %s, %s): "%s"',
			answerd.staff_name(r.author_id), answerd.clock_text(coalesce(r.queued_at, r.created_at), v_zone), r.reply_id,
			replace(r.state::text, '_', ' '), answerd.excerpt_of(left(r.body, 120)))
		when v.at is not null then format('%s did "%s" at %s', answerd.staff_name(substring(v.actor from '^staff:([0-9]+)$')::bigint), v.act,
			answerd.clock_text(v.at, v_zone))
		else 'the customer, or somebody in the platform''s own app, wrote again' end;
end $$;

-- is_undoable(reply): it has not left the house, for certain, and may become a draft again.
create or replace function answerd.is_undoable(r answerd.reply) returns bool language sql stable set search_path = pg_catalog as $$
	select r.first_id is null and ((r.state = 'draft' and r.submitted_at is not null)
		or (r.state = 'queued' and r.begun_at is null and not r.must_look and not exists (select from answerd.attempt t
			where t.reply_id = r.reply_id and t.brand_id = r.brand_id)))
$$;
-- reply_json(reply): the object of the API (DESIGN §6: the first seven keys are a promise).
create or replace function answerd.reply_json(r answerd.reply) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('id', r.reply_id::text, 'conversation', r.conversation_id::text, 'text', r.words, 'state', r.state, 'reason', r.reason, 'reason_parts', r.reason_parts,
		'sent_at', answerd.rfc3339(r.sent_at), 'external_id', case when r.external_id not like 'replied:%' then r.external_id end,
		'permalink', r.permalink, 'brand', b.name, 'account', a.name, 'platform', a.platform,
		'customer', (select i.handle from answerd.identity i where i.identity_id = r.customer_id and i.brand_id = r.brand_id),
		'author', (select login from answerd.staff s where s.staff_id = r.author_id),
		'approver', (select login from answerd.staff s where s.staff_id = r.approver_id),
		'confirmed_by', (select login from answerd.staff s where s.staff_id = r.confirmed_by),
		'part', r.part, 'parts', r.parts, 'parent', r.parent_id, 'waits_for_approval', r.state = 'draft' and r.submitted_at is not null,
		'created_at', answerd.rfc3339(r.created_at), 'queued_at', answerd.rfc3339(r.queued_at), 'state_since', answerd.rfc3339(r.state_since),
		'not_before', answerd.rfc3339(r.not_before), 'can_undo', answerd.is_undoable(r),
		'attempts', (select count(*) from answerd.attempt t where t.reply_id = r.reply_id and t.brand_id = r.brand_id),
		'cost_usd', trim_scale(r.cost_uusd / 1000000.0)::text, 'price', answerd.reply_price(r))
	from answerd.account a join answerd.brand b on b.brand_id = a.brand_id where a.account_id = r.account_id and a.brand_id = r.brand_id
$$;
create or replace function answerd.reply_full(r answerd.reply) returns json language sql stable set search_path = pg_catalog as $$
	select (left(answerd.reply_json(r)::text, -1) || ', "history": ' || coalesce((select json_agg(json_build_object('at', answerd.rfc3339(e.at),
			'what', e.what, 'by', case when e.actor like 'staff:%' then (select login from answerd.staff s where s.staff_id = substr(e.actor, 7)::bigint)
				else e.actor end, 'note', e.note) order by e.event_id)
		from answerd.reply_event e where e.reply_id = r.reply_id and e.brand_id = r.brand_id), '[]')::text || '}')::json
$$;

-- replies_list(open, conversation, after, limit): newest first. Open: what has not come to its end, or failed while the customer waits.
create or replace function answerd.replies_list(p_open bool, p_conversation text, p_after text, p_limit bigint) returns json language plpgsql
stable set search_path = pg_catalog as $$
declare
	v_limit bigint := nullif(coalesce(p_limit, 50), 0);
	v_conversation bigint := case when p_conversation is not null then (answerd.conversation_named(p_conversation)).conversation_id end;
	v record;
begin
	if p_after !~ '^[0-9]{1,18}$' then
		perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the page before, unchanged.');
	end if;
	select coalesce(json_agg(answerd.reply_json(x.r) order by x.id desc) filter (where x.n <= v_limit or v_limit is null), '[]') as items, count(*) as n,
		min(x.id) filter (where x.n = v_limit)::text as next
	into v
	from (select r, r.reply_id as id, row_number() over (order by r.reply_id desc) as n from answerd.reply r
		where (p_after is null or r.reply_id < p_after::bigint) and (v_conversation is null or r.conversation_id = v_conversation)
			and (not coalesce(p_open, false) or r.state not in ('sent', 'failed_visible') or (r.state = 'failed_visible' and exists (
				select from answerd.conversation c where c.conversation_id = r.conversation_id and c.brand_id = r.brand_id
					and c.waiting_since is not null and r.queued_at >= c.waiting_since)))
		order by r.reply_id desc limit v_limit + 1) x;
	return json_build_object('items', v.items, 'next', case when v.n > v_limit then v.next end, 'now', answerd.rfc3339(answerd.now()),
		'panic', (select h.is_panic from answerd.respond_house h), 'attention', answerd.replies_attention());
end $$;
-- replies_attention(): what a person must do about replies, one line; null: nothing.
create or replace function answerd.replies_attention() returns text language sql stable set search_path = pg_catalog as $$
	select nullif(concat_ws(' ', case when (select h.is_panic from answerd.respond_house h) then 'All posting is stopped: answer panic off lets it go on.' end,
		case when x.n > 0 then x.n || case x.n when 1 then ' reply needs' else ' replies need' end || ' a person: answer replies --open' end), '')
	from (select count(*) as n from answerd.reply where state = 'needs_human') x
$$;

-- reply_named(id): the reply, locked, its account before it.
create or replace function answerd.reply_named(p_id text) returns answerd.reply language plpgsql set search_path = pg_catalog as $$
declare
	r answerd.reply;
	v_id bigint := answerd.id_of(p_id, 'reply', 'answer replies lists them.');
begin
	select * into r from answerd.reply where reply_id = v_id;
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no reply %s. answer replies lists them.', v_id::text);
	end if;
	perform from answerd.account where account_id = r.account_id and brand_id = r.brand_id for no key update;
	select * into r from answerd.reply where reply_id = v_id and brand_id = r.brand_id for no key update;
	return r;
end $$;
create or replace function answerd.reply_again(p_reply bigint) returns json language sql stable set search_path = pg_catalog as $$
	select answerd.reply_json(r) from answerd.reply r where r.reply_id = p_reply
$$;

-- reply_ask(conversation or reply, actor, text) → what the desk must know to measure the words as the platform counts them. One row.
create or replace function answerd.reply_ask(p_conversation text, p_reply text, p_actor bigint, p_text text)
returns table (body text, platform text, server text, facts text, own_id text, own_handle text, parent_id text, parent_revision text,
	root_id text, root_revision text, thread_id text, author_id text, author_handle text, parent_kind text, visibility text, warning text,
	language text, signature text) language plpgsql stable set search_path = pg_catalog as $$
declare
	r answerd.reply;
	c answerd.conversation;
begin
	if p_reply is not null then
		select * into r from answerd.reply where reply_id = answerd.id_of(p_reply, 'reply', 'answer replies lists them.');
		if not found then
			perform answerd.refuse_as('AN404', 'not_there', 'There is no reply %s. answer replies lists them.', p_reply);
		end if;
		c := answerd.conversation_named(r.conversation_id::text);
	else
		c := answerd.conversation_named(p_conversation);
	end if;
	return query select coalesce(p_text, r.body), a.platform, a.server, a.facts, a.own_id, a.own_handle, m.external_id, m.revision, top.external_id,
			top.revision, m.thread_id, i.external_id, i.handle, m.kind::text, m.visibility::text, m.warning, m.language,
			case when b.sign then answerd.public_name(coalesce(r.author_id, p_actor)) end
		from answerd.account a join answerd.brand b on b.brand_id = a.brand_id
		left join lateral (select (x.p).* from (select answerd.reply_parent(c) as p) x) m on true
		left join answerd.identity i on i.identity_id = c.customer_id and i.brand_id = c.brand_id
		left join lateral answerd.thread_top(c.brand_id, c.account_id, m.external_id) top on true
		where a.account_id = c.account_id and a.brand_id = c.brand_id;
end $$;

-- reply_judged(conversation, actor, text, also, snippet, own reply): all that speaks against these words, as refusals.
create or replace function answerd.reply_judged(c answerd.conversation, p_actor bigint, p_text text, p_also bool, p_own bigint) returns text
language plpgsql stable set search_path = pg_catalog as $$
declare
	b answerd.brand;
	v_why text;
	v_print text := answerd.fingerprint(p_text, answerd.names_in(c.brand_id, c.customer_id, p_actor));
	v_live answerd.reply;
	v_n bigint;
	v_name text;
begin
	select * into b from answerd.brand where brand_id = c.brand_id;
	v_why := case when not exists (select from answerd.posting p where p.account_id = c.account_id and p.brand_id = c.brand_id and p.is_able)
			then answerd.reply_hindrance(c.brand_id, c.account_id)
		else answerd.reply_unfit(c.brand_id, c.account_id, coalesce((answerd.reply_parent(c)).kind, c.kind), (answerd.reply_parent(c)).at) end;
	v_why := coalesce(v_why, answerd.reply_unnamed(c.brand_id, c.conversation_id));
	if v_why is not null then
		perform answerd.refuse('AN409', v_why);
	end if;
	if (answerd.reply_parent(c)).external_id is null then
		perform answerd.refuse_as('AN409', 'answer_none', 'There is nothing left to answer in conversation %s: what the customer said was deleted.', c.conversation_id::text);
	end if;
	if btrim(p_text, E' \t\r\n') = '' then
		perform answerd.refuse_as('AN422', 'reply_empty', 'A reply needs words.');
	end if;
	select * into v_live from answerd.reply where conversation_id = c.conversation_id and brand_id = c.brand_id
		and (p_own is null or (reply_id <> p_own and first_id is distinct from p_own)) and (state not in ('draft', 'sent', 'failed_visible') or (state = 'draft' and submitted_at is not null))
	order by reply_id desc limit 1;
	if found and not coalesce(p_also, false) then
		perform answerd.refuse_as('AN409', 'faster', 'Somebody was faster: %s. To send yours as well: --also.', answerd.meanwhile(c));
	elsif c.waiting_since is null and not coalesce(p_also, false) then
		perform answerd.refuse_as('AN409', 'answered_already', 'Nobody waits in conversation %s any more: %s. To write all the same: --also.', c.conversation_id::text,
			case when exists (select from answerd.reply r where r.conversation_id = c.conversation_id and r.brand_id = c.brand_id and r.state = 'sent')
				then answerd.meanwhile(c) else answerd.ended_how(c) end);
	end if;
	-- A snippet is a beginning: its words alone are a machine's.
	select s.name into v_name from answerd.snippet s where s.brand_id = c.brand_id and answerd.fingerprint(answerd.snippet_filled(s, c, p_actor),
		answerd.names_in(c.brand_id, c.customer_id, p_actor)) = v_print and v_print <> '' limit 1;
	if found then
		perform answerd.refuse_as('AN409', 'snippet_only', 'These are the words of snippet "%s" and nothing else. Write to this customer in your own words.', v_name);
	end if;
	if b.repeat_limit > 0 and v_print <> '' then
		select count(distinct r.customer_id) into v_n from answerd.reply r where r.fingerprint = v_print and r.brand_id = c.brand_id
			and r.queued_at > answerd.now() - interval '24 hours' and r.customer_id <> c.customer_id and r.state <> 'failed_visible';
		if v_n >= b.repeat_limit then
			perform answerd.refuse_as('AN409', 'same_words', 'The same words went to %s other customers in the last 24 hours (repeat_limit is %s): people answer, '
				'machines never do. Write to this one in your own words.', v_n::text, b.repeat_limit::text);
		end if;
	end if;
	return v_print;
end $$;

-- reply_queued(first part, hold): from here on the outbox has it, all its parts. The caller has judged it and holds the account.
-- hold: so many seconds it stays in the house, and can be taken back.
drop function if exists answerd.reply_queued(int, bigint, text);
create or replace function answerd.reply_queued(p_brand int, p_first bigint, p_actor text, p_hold bigint default 0) returns void language plpgsql
set search_path = pg_catalog as $$
declare
	v record;
begin
	for v in select reply_id, conversation_id from answerd.reply where (reply_id = p_first or first_id = p_first) and brand_id = p_brand order by part loop
		update answerd.reply set queued_at = answerd.now(), stored_at = now(), begun_at = null, tries = 0, unknown_at = null,
			not_before = case when p_hold > 0 then answerd.now() + least(p_hold, 60) * interval '1 s' end,
			seen_version = (select c.version + 1 from answerd.conversation c where c.conversation_id = v.conversation_id and c.brand_id = p_brand)
		where reply_id = v.reply_id and brand_id = p_brand;
		perform answerd.reply_goes(p_brand, v.reply_id, 'queued', p_actor, null);
	end loop;
	update answerd.conversation c set version = version + 1 from answerd.reply r where r.reply_id = p_first and r.brand_id = p_brand
		and c.conversation_id = r.conversation_id and c.brand_id = r.brand_id;
end $$;

-- reply_make(conversation, actor, text, version, also, draft, words, costs): the words of each part as the desk measured them, and what the
-- platform charges for each (null: nothing). Compared and set
-- on the conversation's version: the second of two people hears what happened meanwhile.
drop function if exists answerd.reply_make(text, bigint, text, int, bool, bool, text[]);
drop function if exists answerd.reply_make(text, bigint, text, int, bool, bool, text[], bigint);
create or replace function answerd.reply_make(p_id text, p_actor bigint, p_text text, p_version int, p_also bool, p_draft bool, p_words text[],
	p_hold bigint default 0, p_costs bigint[] default null) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_held(p_id, true);
	v_first bigint;
	v_id bigint;
	v_print text := '';
	v_wants_second bool;
	m answerd.message;
	v_now timestamptz := answerd.now();
begin
	if c.version <> p_version then
		perform answerd.refuse_as('AN409', 'changed', 'Conversation %s has changed meanwhile: %s. Look at it again: answer show %s.', c.conversation_id::text,
			answerd.meanwhile(c), c.conversation_id::text);
	end if;
	m := answerd.reply_parent(c);
	if coalesce(p_draft, false) then
		if m.external_id is null or btrim(p_text, E' \t\r\n') = '' then
			perform answerd.refuse('AN422', 'A draft needs words, and a message that it answers.');
		end if;
	else
		v_print := answerd.reply_judged(c, p_actor, p_text, p_also, null);
	end if;
	for i in 1 .. cardinality(p_words) loop
		insert into answerd.reply (brand_id, account_id, conversation_id, customer_id, author_id, seen_version, first_id, part, parts, state, state_since,
			created_at, key, fingerprint, parent_id, body, words, cost_uusd)
		values (c.brand_id, c.account_id, c.conversation_id, c.customer_id, p_actor, c.version, v_first, i, cardinality(p_words), 'draft', v_now,
			v_now, '', v_print, m.external_id, case when i = 1 then p_text else '' end, p_words[i], nullif(p_costs[i], 0))
		returning reply_id into v_id;
		update answerd.reply set key = answerd.reply_key(v_id) where reply_id = v_id and brand_id = c.brand_id;
		v_first := coalesce(v_first, v_id);
	end loop;
	v_wants_second := (select b.needs_approval from answerd.brand b where b.brand_id = c.brand_id)
		or (select s.needs_approval from answerd.staff s where s.staff_id = p_actor);
	if coalesce(p_draft, false) then
		insert into answerd.reply_event (brand_id, reply_id, at, actor, what) values (c.brand_id, v_first, v_now, 'staff:' || p_actor, 'draft');
	elsif v_wants_second then
		perform answerd.reply_submitted(c.brand_id, v_first, p_actor);
	else
		perform answerd.reply_queued(c.brand_id, v_first, 'staff:' || p_actor, p_hold);
	end if;
	perform answerd.audited(c, p_actor, case when p_draft then 'draft' else 'reply' end, jsonb_build_object('reply', v_first::text));
	return answerd.reply_again(v_first);
end $$;
create or replace function answerd.reply_submitted(p_brand int, p_first bigint, p_actor bigint) returns void language plpgsql set search_path = pg_catalog as $$
declare
	v_why jsonb := jsonb_build_array(jsonb_build_object('code', 'second_person', 'reply', p_first::text));
begin
	update answerd.reply set submitted_at = answerd.now(), reason = answerd.said(v_why, 'UTC'), reason_parts = v_why,
		queued_at = null where (reply_id = p_first or first_id = p_first) and brand_id = p_brand;
	insert into answerd.reply_event (brand_id, reply_id, at, actor, what) values (p_brand, p_first, answerd.now(), 'staff:' || p_actor, 'submitted');
	update answerd.conversation c set version = version + 1 from answerd.reply r where r.reply_id = p_first and r.brand_id = p_brand
		and c.conversation_id = r.conversation_id and c.brand_id = r.brand_id;
end $$;

-- reply_send(reply, actor, text, also, words, version, hold, costs): a draft goes on its way, with its last words; only its author's.
drop function if exists answerd.reply_send(text, bigint, text, bool, bool, text[]);
drop function if exists answerd.reply_send(text, bigint, text, bool, bool, text[], int, bigint);
create or replace function answerd.reply_send(p_id text, p_actor bigint, p_text text, p_also bool, p_draft bool, p_words text[],
	p_version int default null, p_hold bigint default 0, p_costs bigint[] default null) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
	c answerd.conversation := answerd.conversation_held(r.conversation_id::text, true);
	v_new json;
begin
	if r.state <> 'draft' or r.first_id is not null then
		perform answerd.refuse_as('AN409', 'sent_already', 'Reply %s is no draft: it is %s.', r.reply_id::text, replace(r.state::text, '_', ' '));
	elsif r.author_id <> p_actor then
		perform answerd.refuse_as('AN403', 'others_reply', 'Reply %s is %s''s draft.', r.reply_id::text, answerd.staff_name(r.author_id));
	end if;
	-- Its place is taken by the new words; what happened to it stays in its history.
	delete from answerd.reply where (reply_id = r.reply_id or first_id = r.reply_id) and brand_id = r.brand_id and state = 'draft';
	v_new := answerd.reply_make(c.conversation_id::text, p_actor, coalesce(p_text, r.body), p_version, p_also, p_draft, p_words, p_hold, p_costs);
	update answerd.reply_event set reply_id = (v_new ->> 'id')::bigint where reply_id = r.reply_id and brand_id = r.brand_id;
	return v_new;
end $$;

-- reply_drop(draft, actor): thrown away before it ever went anywhere.
create or replace function answerd.reply_drop(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
begin
	if r.first_id is not null or not (r.state = 'draft' or (r.state = 'queued' and r.begun_at is null and not r.must_look)) then
		perform answerd.refuse_as('AN409', 'sent_already', 'Reply %s cannot be thrown away any more: it is %s.', r.reply_id::text, replace(r.state::text, '_', ' '));
	elsif r.author_id <> p_actor and not answerd.is_lead(p_actor) then
		perform answerd.refuse_as('AN403', 'others_reply', 'Reply %s is %s''s.', r.reply_id::text, answerd.staff_name(r.author_id));
	end if;
	delete from answerd.reply where (reply_id = r.reply_id or first_id = r.reply_id) and brand_id = r.brand_id;
	perform answerd.audited(r.brand_id, 'staff:' || p_actor, 'reply_drop', 'reply:' || r.reply_id);
	return answerd.reply_json(r);
end $$;

-- reply_approve(reply, actor, yes, note): the second pair of eyes, never the author's own. No: back to the author as a draft, with a note.
create or replace function answerd.reply_approve(p_id text, p_actor bigint, p_yes bool, p_note text) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
	c answerd.conversation := answerd.conversation_held(r.conversation_id::text, true);
	v_print text;
	v_back jsonb := jsonb_build_array(jsonb_build_object('code', 'returned', 'note', p_note));
begin
	if r.first_id is not null then
		r := answerd.reply_named(r.first_id::text);
	end if;
	if r.state <> 'draft' or r.submitted_at is null then
		perform answerd.refuse_as('AN409', 'settled_already', 'Reply %s waits for nobody''s approval: it is %s.', r.reply_id::text, replace(r.state::text, '_', ' '));
	elsif r.author_id = p_actor then
		perform answerd.refuse_as('AN403', 'four_eyes', 'Four eyes: somebody else than its author approves a reply.');
	elsif not coalesce(p_yes, true) and btrim(coalesce(p_note, '')) = '' then
		perform answerd.refuse_as('AN400', 'why_needed', 'Say why: a reply goes back with a note.');
	end if;
	insert into answerd.reply_event (brand_id, reply_id, at, actor, what, note) values (r.brand_id, r.reply_id, answerd.now(), 'staff:' || p_actor,
		case when coalesce(p_yes, true) then 'approved' else 'returned' end, p_note);
	if coalesce(p_yes, true) then
		v_print := answerd.reply_judged(c, r.author_id, r.body, false, r.reply_id);
		update answerd.reply set approver_id = p_actor, submitted_at = null, reason = null, reason_parts = null, fingerprint = v_print, parent_id = (answerd.reply_parent(c)).external_id
		where (reply_id = r.reply_id or first_id = r.reply_id) and brand_id = r.brand_id;
		perform answerd.reply_queued(r.brand_id, r.reply_id, 'staff:' || p_actor);
	else
		update answerd.reply set submitted_at = null, reason = answerd.said(v_back, 'UTC'), reason_parts = v_back
		where (reply_id = r.reply_id or first_id = r.reply_id) and brand_id = r.brand_id;
	end if;
	perform answerd.audited(c, p_actor, case when coalesce(p_yes, true) then 'approve' else 'return' end, jsonb_build_object('reply', r.reply_id::text));
	return answerd.reply_again(r.reply_id);
end $$;

-- reply_retry(reply, actor): a reply that the platform refused goes again, under a new key: it was refused for certain. One that waits
-- its turn goes at once. Never one of which nobody knows.
create or replace function answerd.reply_retry(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
begin
	if r.state in ('unknown', 'reconciling', 'posting') then
		perform answerd.refuse_as('AN409', 'looked_for', 'Nobody knows yet what became of reply %s: it is being looked for.', r.reply_id::text);
	elsif r.state = 'needs_human' then
		perform answerd.refuse_as('AN409', 'look_first', 'Look on the platform first: answer replied %s LINK when it is there, answer not-there %s when it is not.',
			r.reply_id::text, r.reply_id::text);
	elsif r.state in ('sent', 'draft') then
		perform answerd.refuse_as('AN409', 'settled_already', 'Reply %s is %s.', r.reply_id::text, r.state::text);
	elsif r.state = 'failed_visible' then
		update answerd.reply set key = answerd.reply_key(r.reply_id), begun_at = null, not_before = null, tries = 0, queued_at = answerd.now(),
			stored_at = now()
		where reply_id = r.reply_id and brand_id = r.brand_id;
		perform answerd.reply_goes(r.brand_id, r.reply_id, 'queued', 'staff:' || p_actor, null);
	else
		update answerd.reply set not_before = null where reply_id = r.reply_id and brand_id = r.brand_id and not must_look;
		perform pg_notify('answerd_reply', '');
	end if;
	perform answerd.audited(r.brand_id, 'staff:' || p_actor, 'retry', 'reply:' || r.reply_id);
	return answerd.reply_again(r.reply_id);
end $$;

-- reply_replied(reply, link, actor): a person has seen it there.
create or replace function answerd.reply_replied(p_id text, p_link text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
	v_id text;
begin
	if r.state = 'sent' and r.permalink = p_link then
		return answerd.reply_json(r);
	elsif r.state <> 'needs_human' then
		perform answerd.refuse_as('AN409', 'settled_already', 'Reply %s needs nobody: it is %s.', r.reply_id::text, replace(r.state::text, '_', ' '));
	elsif p_link !~ '^https?://[^[:space:][:cntrl:]]+$' or length(p_link) > 2000 then
		perform answerd.refuse_as('AN400', 'link_form', 'A link begins with https://: copy it from the platform.');
	end if;
	select m.external_id into v_id from answerd.message m where m.parent_id = r.parent_id and m.account_id = r.account_id and m.brand_id = r.brand_id
		and m.direction = 'outbound' and m.permalink = p_link and not exists (select from answerd.reply q where q.external_id = m.external_id
			and q.account_id = r.account_id and q.brand_id = r.brand_id) limit 1;
	update answerd.reply set confirmed_by = p_actor where reply_id = r.reply_id and brand_id = r.brand_id returning * into r;
	-- Until a poll brings it under its own id (respond_chores), it stands in the house under ours.
	perform answerd.reply_sent(r, coalesce(v_id, 'replied:' || r.reply_id), p_link, 'staff:' || p_actor);
	perform answerd.audited(r.brand_id, 'staff:' || p_actor, 'replied', 'reply:' || r.reply_id);
	return answerd.reply_again(r.reply_id);
end $$;

-- reply_not_there(reply, actor): a person has looked, and it is not: sent again, under the same key.
create or replace function answerd.reply_not_there(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
begin
	if r.state <> 'needs_human' then
		perform answerd.refuse_as('AN409', 'settled_already', 'Reply %s needs nobody: it is %s.', r.reply_id::text, replace(r.state::text, '_', ' '));
	end if;
	update answerd.reply set begun_at = null, not_before = null, tries = 0, queued_at = answerd.now(), stored_at = now(), must_look = false
	where reply_id = r.reply_id and brand_id = r.brand_id;
	perform answerd.reply_goes(r.brand_id, r.reply_id, 'queued', 'staff:' || p_actor, null);
	perform answerd.over_said('reply:' || r.reply_id, jsonb_build_array(jsonb_build_object('code', 'reply_not_there', 'who', answerd.staff_name(p_actor), 'reply', r.reply_id::text, 'conversation', r.conversation_id::text)), r.brand_id);
	perform answerd.audited(r.brand_id, 'staff:' || p_actor, 'not_there', 'reply:' || r.reply_id);
	return answerd.reply_again(r.reply_id);
end $$;

-- panic(actor, on): no byte leaves any more, of any brand; survives everything. What is on its way ends.
create or replace function answerd.panic(p_actor bigint, p_on bool) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	h answerd.respond_house;
begin
	select * into h from answerd.respond_house for update;
	if h.is_panic <> p_on then
		update answerd.respond_house set is_panic = p_on, panic_at = answerd.now(), panic_by = p_actor returning * into h;
		perform answerd.audited(0, 'staff:' || p_actor, case when p_on then 'panic' else 'panic_over' end, 'house');
		if p_on then
			perform answerd.raise_said('deaf', 'panic', null, null, null, jsonb_build_array(jsonb_build_object('code', 'posting_stopped', 'who', answerd.staff_name(p_actor))));
		else
			perform answerd.over_said('panic', jsonb_build_array(jsonb_build_object('code', 'posting_goes_on', 'who', answerd.staff_name(p_actor))));
		end if;
		perform pg_notify('answerd_reply', '');
	end if;
	return json_build_object('panic', h.is_panic, 'at', answerd.rfc3339(h.panic_at), 'by', (select login from answerd.staff where staff_id = h.panic_by),
		'queued', (select count(*) from answerd.reply where state = 'queued'));
end $$;

-- verify_replies(): the outbox from scratch, in other words than its rules.
create or replace function answerd.verify_replies() returns text[] language sql stable set search_path = pg_catalog as $$
	with found as (
		select r.reply_id, case
			when r.state = 'sent' and r.external_id is null then 'is sent and has no id'
			when r.state = 'sent' and not exists (select from answerd.message m where m.external_id = r.external_id and m.account_id = r.account_id
				and m.brand_id = r.brand_id and m.direction = 'outbound' offset 0) then 'is sent and its message is not in the house'
			when r.state <> 'sent' and r.external_id is not null then 'has an id and is not sent'
			when r.state in ('posting', 'unknown', 'reconciling') and r.state_since < answerd.now() - interval '15 min'
				and coalesce(r.unknown_at, r.state_since) < answerd.now() - interval '15 min' then 'is silent for over 15 minutes: ' || r.state
			when r.state = 'queued' and greatest(r.queued_at, r.state_since) < answerd.now() - interval '15 min' and r.reason is null and not r.must_look
				and answerd.reply_hindrance(r.brand_id, r.account_id) is null and r.part = 1
				and exists (select from answerd.worker w where w.stopped_at is null and w.beat_at > now() - interval '30 s')
				then 'is queued for over 15 minutes, and nothing is in its way'
			when r.state = 'posting' and not exists (select from answerd.attempt t where t.reply_id = r.reply_id and t.brand_id = r.brand_id
				and t.ended_at is null) then 'is being posted by nobody'
			when r.state <> 'posting' and exists (select from answerd.attempt t where t.reply_id = r.reply_id and t.brand_id = r.brand_id
				and t.ended_at is null) then 'has a live attempt and is ' || r.state
			when r.part > 1 and r.state <> 'draft' and r.begun_at is not null and not exists (select from answerd.reply q
				where (q.reply_id = r.first_id or q.first_id = r.first_id) and q.brand_id = r.brand_id and q.part = r.part - 1 and q.state = 'sent')
				then 'was begun before the part above it was sent'
			when r.state = 'needs_human' and not exists (select from answerd.alert x where x.key = 'reply:' || r.reply_id and x.brand_id = r.brand_id
				and x.over_at is null) then 'needs a person and nobody is told'
			when not exists (select from answerd.conversation c where c.conversation_id = r.conversation_id and c.brand_id = r.brand_id)
				then 'belongs to no conversation'
			when r.approver_id = r.author_id then 'was approved by its author' end as what
		from answerd.reply r
		union all
		select t.reply_id, 'has more than one live attempt' from answerd.attempt t where t.ended_at is null group by t.reply_id, t.brand_id having count(*) > 1
		union all
		select t.reply_id, 'was sent by an attempt and is not sent' from answerd.attempt t join answerd.reply r using (reply_id, brand_id)
		where t.outcome = 'sent' and r.state not in ('sent', 'needs_human')
	)
	select array_agg('reply ' || reply_id || ' ' || what order by reply_id) from (select * from found where what is not null order by reply_id limit 100) f
$$;

create or replace function answerd.reply_shown(p_id text) returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	r answerd.reply;
begin
	select * into r from answerd.reply where reply_id = answerd.id_of(p_id, 'reply', 'answer replies lists them.');
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no reply %s. answer replies lists them.', p_id);
	end if;
	return answerd.reply_full(r);
end $$;
-- replies_of(conversation): what stands below its thread: what is on its way, or failed.
create or replace function answerd.replies_of(c answerd.conversation) returns json language sql stable set search_path = pg_catalog as $$
	select coalesce(json_agg(answerd.reply_json(r) order by r.reply_id), '[]') from answerd.reply r
	where r.conversation_id = c.conversation_id and r.brand_id = c.brand_id
$$;
