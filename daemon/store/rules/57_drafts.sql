-- Words on their way to a reply: the draft that the box keeps by itself, and a reply taken back before it has left.

-- draft_of(conversation, actor): the caller's own words that wait in the box; the newest where the command made several.
create or replace function answerd.draft_of(c answerd.conversation, p_actor bigint) returns answerd.reply language sql stable
set search_path = pg_catalog as $$
	select r from answerd.reply r where r.conversation_id = c.conversation_id and r.brand_id = c.brand_id and r.author_id = p_actor
		and r.state = 'draft' and r.submitted_at is null and r.first_id is null order by r.reply_id desc limit 1
$$;
-- draft_json(draft) → {id, text, at, reason}; null: there is none.
create or replace function answerd.draft_json(r answerd.reply) returns json language sql stable set search_path = pg_catalog as $$
	select case when r.reply_id is not null then json_build_object('id', r.reply_id::text, 'text', r.body, 'at', answerd.rfc3339(r.state_since),
		'reason', r.reason, 'reason_parts', r.reason_parts) end
$$;

-- draft_keep(conversation, actor, text) → {draft}: one draft a conversation and person, kept while they type: no audit, no history, no version; the
-- act is what follows. Empty words: thrown away. A draft is nobody's answer, so nothing of the account is locked.
create or replace function answerd.draft_keep(p_id text, p_actor bigint, p_text text) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_held(p_id, false);
	r answerd.reply := answerd.draft_of(c, p_actor);
	m answerd.message;
	v_is_empty bool := btrim(coalesce(p_text, ''), E' \t\r\n') = '';
begin
	if r.reply_id is not null then
		select * into r from answerd.reply where reply_id = r.reply_id and brand_id = r.brand_id for no key update;
		if r.state <> 'draft' or r.submitted_at is not null then
			perform answerd.refuse_as('AN409', 'sent_already', 'Reply %s was sent meanwhile.', r.reply_id::text);
		end if;
	end if;
	if v_is_empty then
		delete from answerd.reply where (reply_id = r.reply_id or first_id = r.reply_id) and brand_id = r.brand_id and state = 'draft';
		return json_build_object('draft', null);
	end if;
	if r.reply_id is not null then
		delete from answerd.reply where first_id = r.reply_id and brand_id = r.brand_id and state = 'draft';
		update answerd.reply set body = p_text, words = p_text, parts = 1, state_since = answerd.now()
		where reply_id = r.reply_id and brand_id = r.brand_id returning * into r;
		return json_build_object('draft', answerd.draft_json(r));
	end if;
	m := answerd.reply_parent(c);
	if m.external_id is null then
		perform answerd.refuse_as('AN409', 'answer_none', 'There is nothing left to answer in conversation %s: what the customer said was deleted.', c.conversation_id::text);
	end if;
	insert into answerd.reply (brand_id, account_id, conversation_id, customer_id, author_id, seen_version, state, state_since, created_at, key,
		fingerprint, parent_id, body, words)
	values (c.brand_id, c.account_id, c.conversation_id, c.customer_id, p_actor, c.version, 'draft', answerd.now(), answerd.now(), '',
		'', m.external_id, p_text, p_text)
	returning * into r;
	update answerd.reply set key = answerd.reply_key(r.reply_id) where reply_id = r.reply_id and brand_id = r.brand_id;
	insert into answerd.reply_event (brand_id, reply_id, at, actor, what) values (r.brand_id, r.reply_id, answerd.now(), 'staff:' || p_actor, 'draft');
	return json_build_object('draft', answerd.draft_json(r));
end $$;

-- reply_undo(reply, actor): taken back before a byte of it left; a draft again, its words untouched. It and the worker's claim want the same
-- row: whoever locks it first has it. All parts: the later ones wait for the first.
create or replace function answerd.reply_undo(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	r answerd.reply := answerd.reply_named(p_id);
	c answerd.conversation;
begin
	if r.first_id is not null then
		r := answerd.reply_named(r.first_id::text);
	end if;
	if not answerd.is_undoable(r) then
		perform answerd.refuse_as('AN409', 'too_late', 'It is too late: reply %s is %s.', r.reply_id::text, case r.state when 'queued' then 'on its way'
			else replace(r.state::text, '_', ' ') end);
	elsif r.author_id <> p_actor and not answerd.is_lead(p_actor) then
		perform answerd.refuse_as('AN403', 'others_reply', 'Reply %s is %s''s.', r.reply_id::text, answerd.staff_name(r.author_id));
	end if;
	c := answerd.conversation_held(r.conversation_id::text, false);
	if r.state = 'queued' then
		perform answerd.reply_goes(q.brand_id, q.reply_id, 'draft', 'staff:' || p_actor, null)
		from answerd.reply q where (q.reply_id = r.reply_id or q.first_id = r.reply_id) and q.brand_id = r.brand_id and q.state = 'queued';
	else
		insert into answerd.reply_event (brand_id, reply_id, at, actor, what) values (r.brand_id, r.reply_id, answerd.now(), 'staff:' || p_actor, 'draft');
	end if;
	update answerd.reply set queued_at = null, submitted_at = null, not_before = null, reason = null, reason_parts = null, fingerprint = '', approver_id = null
	where (reply_id = r.reply_id or first_id = r.reply_id) and brand_id = r.brand_id;
	update answerd.conversation set version = version + 1 where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.audited(c, p_actor, 'undo', jsonb_build_object('reply', r.reply_id::text));
	return answerd.reply_again(r.reply_id);
end $$;
