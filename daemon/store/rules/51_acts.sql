-- What staff do with a conversation. Each act: find and lock (the account first where what waits changes), judge, write,
-- recompute, one row of audit, and the queue entry as it is now. The caller's role was judged by the desk's route table.

-- take(conversation, actor, lease): it is in my hands, for as long as the lease. Taking again renews.
create or replace function answerd.take(p_id text, p_actor bigint, p_lease interval, p_version int default null) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_held(p_id, false, p_version);
	v_holder bigint := answerd.holder_of(c);
begin
	if v_holder <> p_actor then
		perform answerd.refuse_as('AN409', 'held', '%s has held conversation %s since %s. Ask %s, or let a lead give it to you.',
			answerd.staff_name(v_holder), c.conversation_id::text, coalesce((select to_char(a.at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
				from answerd.audit a where a.object = 'conversation:' || c.conversation_id and a.brand_id = c.brand_id
					and a.act in ('take', 'give') order by a.seq desc limit 1), 'a while'), answerd.staff_name(v_holder));
	end if;
	update answerd.conversation set assignee_id = p_actor, assigned_until = answerd.now() + p_lease, version = version + 1
	where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.audited(c, p_actor, 'take');
	return answerd.entry(c);
end $$;

-- give(conversation, actor, who, reason): into the hands of a colleague, or (null) back to the queue. Only who holds it, or a lead. The
-- reason is a note that the colleague finds.
drop function if exists answerd.give(text, bigint, text, interval, int);
create or replace function answerd.give(p_id text, p_actor bigint, p_who text, p_lease interval, p_version int default null,
	p_reason text default null) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_held(p_id, false, p_version);
	v_holder bigint := answerd.holder_of(c);
	v_who answerd.staff;
	n answerd.note;
begin
	if length(p_reason) > 2000 then
		perform answerd.refuse_as('AN400', 'reason_long', 'A reason has at most 2000 characters.');
	end if;
	if v_holder <> p_actor and not answerd.is_lead(p_actor) then
		perform answerd.refuse_as('AN403', 'held_by', '%s holds conversation %s. Only %s or a lead may give it away.',
			answerd.staff_name(v_holder), c.conversation_id::text, answerd.staff_name(v_holder));
	end if;
	if p_who is not null then
		v_who := answerd.staff_named(p_who);
		if v_who.disabled_at is not null then
			perform answerd.refuse_as('AN409', 'holder_disabled', '%s is disabled and cannot hold a conversation.', v_who.name);
		elsif v_who.role = 'auditor' then
			perform answerd.refuse_as('AN409', 'holder_reads', '%s is an auditor, who only reads.', v_who.name);
		end if;
	end if;
	update answerd.conversation set assignee_id = v_who.staff_id,
		assigned_until = case when v_who.staff_id is not null then answerd.now() + p_lease end, version = version + 1
	where conversation_id = c.conversation_id and brand_id = c.brand_id;
	if btrim(p_reason, E' \t\r\n') <> '' then
		insert into answerd.note (brand_id, conversation_id, staff_id, at, body) values (c.brand_id, c.conversation_id, p_actor, answerd.now(),
			answerd.said(jsonb_build_array(jsonb_build_object('code', case when v_who.staff_id is null then 'note_given_back' else 'note_given' end, 'who', v_who.name,
			'reason', btrim(p_reason, E' \t\r\n'))), 'UTC')) returning * into n;
		perform answerd.mention(n, v_who.staff_id);
	end if;
	perform answerd.audited(c, p_actor, 'give', jsonb_strip_nulls(jsonb_build_object('to', 'staff:' || v_who.staff_id, 'note', n.note_id::text)));
	return answerd.entry(c);
end $$;

-- snooze(conversation, actor, for): off the list for a while; the clock runs on, a new message wakes it. "0" wakes it now.
create or replace function answerd.snooze(p_id text, p_actor bigint, p_for text, p_version int default null) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_held(p_id, true, p_version);
	v_for interval := case when p_for ~ '^0+[smhdw]?$' then interval '0' else answerd.length_of(p_for) end;
begin
	if v_for is null then
		perform answerd.refuse_as('AN400', 'how_long', 'For how long? Write 30m, 2h, 1d or 1w; 0 wakes it.');
	end if;
	if c.waiting_since is null and v_for > interval '0' then
		perform answerd.refuse_as('AN409', 'waits_not', 'Nobody waits in conversation %s, so there is nothing to put to sleep.', c.conversation_id::text);
	end if;
	update answerd.conversation set snoozed_until = case when v_for > interval '0' then answerd.now() + v_for end,
		snoozed_unanswered = case when v_for > interval '0' then unanswered end, version = version + 1
	where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.audited(c, p_actor, case when v_for > interval '0' then 'snooze' else 'wake' end,
		jsonb_build_object('seconds', extract(epoch from v_for)::bigint));
	return answerd.entry(c);
end $$;

-- dismiss(conversation, actor, reason): no reply needed. Ends the wait of what waits now, counted apart from answered; the
-- reason "spam" counts as spam. The reason is kept as a note, so that the audit chain holds no personal text.
create or replace function answerd.dismiss(p_id text, p_actor bigint, p_reason text, p_version int default null) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	v_reason text := btrim(p_reason, E' \t\r\n');
	v_settled answerd.settlement := case when lower(btrim(p_reason)) = 'spam' then 'spam' else 'dismissed' end::answerd.settlement;
	v_ids text[];
	v_note bigint;
begin
	if coalesce(v_reason, '') = '' then
		perform answerd.refuse_as('AN400', 'reason_needed', 'Closing without an answer needs a reason: say why no reply is needed.');
	elsif length(v_reason) > 2000 then
		perform answerd.refuse_as('AN400', 'reason_long', 'A reason has at most 2000 characters.');
	end if;
	c := answerd.conversation_held(p_id, true, p_version);
	if c.waiting_since is null then
		perform answerd.refuse_as('AN409', 'waits_not', 'Nobody waits in conversation %s any more: %s.', c.conversation_id::text, answerd.ended_how(c));
	end if;
	with settled as (
		update answerd.message m set settled = v_settled
		where m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id and m.brand_id = c.brand_id
			and m.ord_at > coalesce(c.answered_ord, '-infinity') and m.is_owed
		returning m.external_id
	)
	select array_agg(external_id order by external_id) into v_ids from settled;
	insert into answerd.note (brand_id, conversation_id, staff_id, at, body)
	values (c.brand_id, c.conversation_id, p_actor, answerd.now(), answerd.said(jsonb_build_array(jsonb_build_object('code', 'note_dismissed', 'reason', v_reason)), 'UTC')) returning note_id into v_note;
	update answerd.conversation set snoozed_until = null, snoozed_unanswered = null, version = version + 1
	where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.recompute(c.brand_id, c.account_id, array[c.root_id], array[c.customer_id], array[false]);
	perform answerd.audited(c, p_actor, 'dismiss', jsonb_build_object('note', v_note::text, 'settled', v_settled, 'messages', to_jsonb(v_ids)));
	return answerd.entry(c);
end $$;

-- ended_parts(conversation): why nobody waits, as parts of a sentence; ended_how(conversation): that in English.
create or replace function answerd.ended_parts(c answerd.conversation) returns jsonb language plpgsql stable
set search_path = pg_catalog as $$
declare
	v record;
begin
	select m.at, m.settled, m.deleted_at, m.ord_at <= coalesce(c.answered_ord, '-infinity') as is_answered, a.at as audit_at, answerd.staff_name(nullif(split_part(a.actor, ':', 2), '')::bigint) as who
	into v
	from answerd.message m
	left join lateral (select a.at, a.actor from answerd.audit a where a.object = 'conversation:' || c.conversation_id
		and a.brand_id = c.brand_id and a.act = 'dismiss' order by a.seq desc limit 1) a on true
	where m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id and m.brand_id = c.brand_id
		and m.direction = 'inbound' and (m.is_to_us or m.is_about)
	order by m.ord_at desc, m.external_id desc limit 1;
	return jsonb_build_array(case
		when v.settled is not null and v.audit_at is not null then jsonb_build_object('code', 'ended_dismissed', 'who', v.who, 'at', answerd.rfc3339(v.audit_at))
		else jsonb_build_object('code', case when v.at is null then 'ended_empty' when v.settled is not null then 'ended_settled'
			when v.deleted_at is not null then 'ended_deleted' when v.is_answered then 'ended_answered' else 'ended_nothing' end) end);
end $$;
create or replace function answerd.ended_how(c answerd.conversation) returns text language sql stable set search_path = pg_catalog as $$
	select answerd.said(answerd.ended_parts(c), b.timezone) from answerd.brand b where b.brand_id = c.brand_id
$$;

-- note(conversation, actor, text): for colleagues' eyes; changes nothing about the wait.
create or replace function answerd.add_note(p_id text, p_actor bigint, p_text text) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	v answerd.note;
begin
	if btrim(coalesce(p_text, ''), E' \t\r\n') = '' then
		perform answerd.refuse('AN400', 'A note needs words.');
	elsif octet_length(p_text) > 65536 then
		perform answerd.refuse('AN400', 'A note has at most 64 KiB.');
	end if;
	c := answerd.conversation_held(p_id, false);
	insert into answerd.note (brand_id, conversation_id, staff_id, at, body)
	values (c.brand_id, c.conversation_id, p_actor, answerd.now(), p_text) returning * into v;
	perform answerd.mention(v);
	update answerd.conversation set version = version + 1 where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.audited(c, p_actor, 'note', jsonb_build_object('note', v.note_id::text));
	return answerd.note_json(v);
end $$;

-- tag(conversation, actor, add, remove): words to find it again by.
create or replace function answerd.tag(p_id text, p_actor bigint, p_add text, p_remove text) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	v_tag text := btrim(coalesce(p_add, p_remove));
begin
	if (p_add is null) = (p_remove is null) then
		perform answerd.refuse('AN400', 'Say one tag, to add or to remove.');
	elsif v_tag !~ '^[^[:cntrl:][:space:]-][^[:cntrl:]]{0,63}$' then
		perform answerd.refuse_as('AN400', 'tag_form', 'A tag is 1 to 64 characters of one line and does not begin with "-".');
	end if;
	c := answerd.conversation_held(p_id, false);
	if p_add is not null and cardinality(c.tags) >= 32 and not v_tag = any (c.tags) then
		perform answerd.refuse_as('AN409', 'tags_many', 'Conversation %s already has 32 tags. Remove one first.', c.conversation_id::text);
	elsif p_remove is not null and not v_tag = any (c.tags) then
		perform answerd.refuse_as('AN404', 'tag_none', 'Conversation %s has no tag "%s".', c.conversation_id::text, v_tag);
	end if;
	update answerd.conversation set version = version + 1, tags = case when p_remove is not null then array_remove(tags, v_tag)
		else (select array_agg(distinct t order by t) from unnest(tags || v_tag) t) end
	where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.audited(c, p_actor, case when p_remove is null then 'tag' else 'untag' end);
	return answerd.entry(c);
end $$;

-- correct_nature(conversation, actor, nature): a person knows better what was said. Goes to the messages that wait, or to the
-- last one to us if none waits; edits of the customer do not overwrite it.
create or replace function answerd.correct_nature(p_id text, p_actor bigint, p_nature text, p_version int default null) returns json
language plpgsql volatile set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	v_nature answerd.message_nature;
begin
	if p_nature is null or p_nature not in ('question', 'complaint', 'praise', 'thanks', 'neutral') then
		perform answerd.refuse('AN400', 'A nature is question, complaint, praise, thanks or neutral.');
	end if;
	v_nature := p_nature::answerd.message_nature;
	c := answerd.conversation_held(p_id, true, p_version);
	update answerd.message m set nature = v_nature, nature_by = p_actor
	where m.brand_id = c.brand_id and m.account_id = c.account_id and m.external_id = any (array(
		select w.external_id from answerd.message w
		where w.root_id = c.root_id and w.customer_id = c.customer_id and w.account_id = c.account_id and w.brand_id = c.brand_id
			and w.ord_at > coalesce(c.answered_ord, '-infinity') and w.is_owed
		union all
		(select w.external_id from answerd.message w
		where c.waiting_since is null and w.root_id = c.root_id and w.customer_id = c.customer_id and w.account_id = c.account_id
			and w.brand_id = c.brand_id and w.direction = 'inbound' and (w.is_to_us or w.is_about) and w.kind <> 'other'
		order by w.ord_at desc, w.external_id desc limit 1)));
	if not found then
		perform answerd.refuse_as('AN409', 'message_none', 'There is no message to us in conversation %s.', c.conversation_id::text);
	end if;
	update answerd.conversation set version = version + 1, nature = case when waiting_since is null then v_nature else nature end
	where conversation_id = c.conversation_id and brand_id = c.brand_id;
	perform answerd.recompute(c.brand_id, c.account_id, array[c.root_id], array[c.customer_id], array[false]);
	perform answerd.audited(c, p_actor, 'nature', jsonb_build_object('nature', p_nature));
	return answerd.entry(c);
end $$;
