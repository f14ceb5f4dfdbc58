-- What a person needs beside one conversation: the thread as the customer sees it, what waits and why, notes, who has it.

-- thread_of(conversation) → the messages a reader needs, in order: the thread itself, and what stands above it (our post, or
-- somebody's), whose root is its own. An answer of ours stands below what it answers even where the clocks of two servers say else.
create or replace function answerd.thread_of(c answerd.conversation) returns setof answerd.message language sql stable rows 50
set search_path = pg_catalog as $$
	with recursive above as (
		-- Its own top, and the tops of threads that a person joined to it.
		select p.*, 1 as depth from (select r.parent_id from answerd.message r where r.external_id = c.root_id and r.account_id = c.account_id
				and r.brand_id = c.brand_id
			union select r.parent_id from answerd.message r where r.merged_root = c.root_id and r.account_id = c.account_id
				and r.brand_id = c.brand_id) r
		cross join lateral (select * from answerd.message p where p.external_id = r.parent_id and p.account_id = c.account_id
			and p.brand_id = c.brand_id and p.root_id is distinct from c.root_id limit 1) p
		union all
		select p.*, a.depth + 1 from above a
		cross join lateral (select * from answerd.message p where p.external_id = a.parent_id and p.account_id = c.account_id
			and p.brand_id = c.brand_id and p.root_id is distinct from c.root_id limit 1) p
		where a.depth < 20
	)
	select m.* from answerd.message m
	where m.external_id in (select external_id from above
			union select t.external_id from answerd.message t where t.root_id = c.root_id and t.account_id = c.account_id and t.brand_id = c.brand_id)
		and m.account_id = c.account_id and m.brand_id = c.brand_id
	order by m.ord_at, m.direction = 'outbound', m.at, m.external_id
$$;

-- settled_by(conversation, message): who said that no reply is needed, when and why.
create or replace function answerd.settled_by(c answerd.conversation, p_external_id text, out who text, out at timestamptz,
	out reason text) language sql stable set search_path = pg_catalog as $$
	select s.name, a.at, regexp_replace(n.body, '^No reply needed: ', '')
	from answerd.audit a
	left join answerd.staff s on s.staff_id = substring(a.actor from '^staff:([0-9]+)$')::bigint
	left join answerd.note n on n.note_id = (a.detail ->> 'note')::bigint and n.brand_id = a.brand_id
	where a.brand_id = c.brand_id and a.act = 'dismiss' and a.detail -> 'messages' ? p_external_id
		and a.object in (select 'conversation:' || x.conversation_id from answerd.conversation x
			where x.brand_id = c.brand_id and (x.conversation_id = c.conversation_id or x.merged_into = c.conversation_id))
	order by a.seq desc limit 1
$$;

-- answer_to(conversation, ord): the first answer that covers a message of that place in the thread.
create or replace function answerd.answer_to(c answerd.conversation, p_ord timestamptz) returns answerd.message language sql stable
set search_path = pg_catalog as $$
	select (r.m).* from (
		(select m, m.ord_at from answerd.message m where m.root_id = c.root_id and m.customer_id = c.customer_id
			and m.account_id = c.account_id and m.brand_id = c.brand_id and m.ord_at >= p_ord and m.is_answer
		order by m.ord_at limit 1)
		union all
		(select m, m.ord_at from answerd.answer_link k join answerd.message m on m.external_id = k.external_id
			and m.account_id = k.account_id and m.brand_id = k.brand_id
		where k.customer_id = c.customer_id and k.account_id = c.account_id and k.brand_id = c.brand_id and m.root_id = c.root_id
			and m.ord_at >= p_ord and m.is_answer
		order by m.ord_at limit 1)) r order by r.ord_at limit 1
$$;

-- actor_of(message): who wrote an answer of ours, as response_times says it: a login, or "native" where it was written in the platform's own app.
create or replace function answerd.actor_of(m answerd.message) returns text language sql stable set search_path = pg_catalog as $$
	select case when m.direction = 'outbound' and not m.is_automatic and m.kind <> 'other' then coalesce((select s.login from answerd.reply r
		join answerd.staff s on s.staff_id = r.author_id
		where r.external_id = m.external_id and r.account_id = m.account_id and r.brand_id = m.brand_id limit 1), 'native') end
$$;

-- shown(conversation, message) → the message as JSON, with its part in the wait.
create or replace function answerd.shown(c answerd.conversation, m answerd.message) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	v_author answerd.identity;
	v_is_owed bool := m.is_owed and m.author_id = c.customer_id and m.ord_at > coalesce(c.answered_ord, '-infinity');
	v_names bool := exists (select from answerd.answer_link k where k.customer_id = c.customer_id and k.external_id = m.external_id
		and k.account_id = m.account_id and k.brand_id = m.brand_id);
	v_parent answerd.message;
	v_answer answerd.message;
	v_settled record;
	v_role text;
	v_actor text := answerd.actor_of(m);
	v_why jsonb; -- parts of a sentence, as 08_said.sql has them
begin
	select * into v_author from answerd.identity where identity_id = m.author_id and brand_id = m.brand_id;
	select * into v_parent from answerd.message where external_id = m.parent_id and account_id = m.account_id and brand_id = m.brand_id;
	if m.direction = 'context' then
		v_role := 'context';
		v_why := jsonb_build_array(jsonb_build_object('code', 'other_business'));
	elsif m.direction = 'outbound' then
		v_role := case when m.is_answer and (m.customer_id = c.customer_id or v_names) and m.root_id = c.root_id then 'answer' else 'ours' end;
		v_why := jsonb_build_array(jsonb_build_object('code', case
			when m.deleted_at is not null then 'ours_deleted'
			when m.kind = 'other' then 'ours_reaction'
			when m.is_automatic then 'ours_program'
			when m.customer_id = c.customer_id and m.root_id = c.root_id then 'ours_answer'
			when v_names and m.root_id = c.root_id then 'ours_names'
			when m.customer_id is not null then 'ours_other'
			else 'ours_post' end));
		if v_actor = 'native' then
			v_why := v_why || jsonb_build_object('code', 'by_native');
		elsif v_actor is not null then
			v_why := v_why || jsonb_build_object('code', 'by_staff', 'login', v_actor);
		end if;
	else
		v_role := case when m.author_id = c.customer_id then 'customer' else 'other' end;
		v_why := jsonb_build_array(case
			when m.kind <> 'other' and m.deleted_at is null and not m.is_named and not m.is_to_us and m.is_about and m.nature >= 'question'
				then jsonb_build_object('code', 'about_us', 'nature', m.nature)
			else jsonb_build_object('code', case
				when m.kind = 'other' then 'reaction'
				when m.deleted_at is not null then 'deleted'
				when m.is_named then case m.kind when 'direct' then 'to_us_direct' when 'review' then 'to_us_review' when 'comment' then 'to_us_comment'
					else 'to_us_names' end
				when v_parent.direction = 'outbound' and m.is_to_us then 'to_us_replies'
				when m.is_to_us and exists (select from answerd.message q where q.parent_id = m.external_id and q.account_id = m.account_id
					and q.brand_id = m.brand_id and q.direction = 'outbound' and q.kind <> 'other') then 'to_us_answered'
				when m.is_to_us then 'to_us_goes_on'
				when m.is_about then 'about_us_only'
				else 'overheard' end) end);
		if m.author_id <> c.customer_id and (m.is_to_us or m.is_about) then
			v_why := v_why || jsonb_build_object('code', 'other_customer');
		elsif m.settled is not null then
			select * into v_settled from answerd.settled_by(c, m.external_id);
			v_why := v_why || case when v_settled.who is null then jsonb_build_object('code', 'settled')
				when v_settled.reason is null then jsonb_build_object('code', 'settled_erased', 'who', v_settled.who, 'at', answerd.rfc3339(v_settled.at))
				else jsonb_build_object('code', 'settled_by', 'who', v_settled.who, 'at', answerd.rfc3339(v_settled.at), 'reason', v_settled.reason) end;
		elsif v_is_owed then
			v_why := v_why || jsonb_build_object('code', 'waits_since', 'at', answerd.rfc3339(m.at));
		elsif m.is_owed then
			v_answer := answerd.answer_to(c, m.ord_at);
			v_why := v_why || jsonb_build_object('code', case when v_answer.parent_id is distinct from m.external_id then 'answered_after' else 'answered_by' end,
				'at', answerd.rfc3339(v_answer.at), 'message', v_answer.external_id, 'actor', answerd.actor_of(v_answer));
		end if;
	end if;
	return json_build_object('id', m.external_id, 'parent', m.parent_id, 'at', answerd.rfc3339(m.at),
		'posted_at', answerd.rfc3339(m.posted_at), 'first_seen_at', answerd.rfc3339(m.first_seen_at),
		'edited_at', answerd.rfc3339(m.edited_at), 'deleted_at', answerd.rfc3339(m.deleted_at),
		'kind', m.kind, 'direction', m.direction, 'nature', m.nature, 'visibility', m.visibility, 'role', v_role, 'actor', v_actor,
		'author', json_build_object('id', m.author_id::text, 'name', v_author.name, 'handle', v_author.handle),
		'text', case when m.deleted_at is not null then '[deleted]' else m.body end, 'warning', m.warning, 'permalink', m.permalink,
		'is_to_us', m.is_to_us, 'is_about', m.is_about, 'is_imported', m.is_imported, 'is_automatic', m.is_automatic,
		'settled', m.settled, 'waits', v_is_owed, 'why', answerd.said(v_why, (select timezone from answerd.brand where brand_id = c.brand_id)),
		'why_parts', v_why, 'answered_by', v_answer.external_id, 'language', m.language,
		'staff', case when m.direction = 'outbound' then (select json_build_object('reply', r.reply_id::text, 'login', s.login, 'name', s.name)
			from answerd.reply r left join answerd.staff s on s.staff_id = r.author_id
			where r.external_id = m.external_id and r.account_id = m.account_id and r.brand_id = m.brand_id limit 1) end,
		'revisions', coalesce((select json_agg(json_build_object('replaced_at', answerd.rfc3339(r.replaced_at), 'text', r.body,
			'warning', r.warning) order by r.replaced_at) from answerd.message_revision r where r.external_id = m.external_id
			and r.account_id = m.account_id and r.brand_id = m.brand_id), '[]'));
end $$;

-- waiting_parts(conversation): why it waits or not, as parts of a sentence; why_waiting(conversation): that in English.
create or replace function answerd.waiting_parts(c answerd.conversation) returns jsonb language sql stable set search_path = pg_catalog as $$
	select case when c.waiting_since is null then jsonb_build_array(jsonb_build_object('code', 'nobody_waits')) || answerd.ended_parts(c)
		else jsonb_build_array(jsonb_build_object('code', 'waits', 'at', answerd.rfc3339(c.waiting_since), 'n', c.unanswered))
			|| case when c.is_about then jsonb_build_array(jsonb_build_object('code', 'waits_about'))
				when c.nature = 'thanks' then jsonb_build_array(jsonb_build_object('code', 'waits_thanks')) else '[]' end
			|| case when c.snoozed_until > answerd.now() then jsonb_build_array(jsonb_build_object('code', 'waits_asleep', 'at', answerd.rfc3339(c.snoozed_until)))
				else '[]' end end
$$;
create or replace function answerd.why_waiting(c answerd.conversation) returns text language sql stable set search_path = pg_catalog as $$
	select answerd.said(answerd.waiting_parts(c), b.timezone) || '.' from answerd.brand b where b.brand_id = c.brand_id
$$;

-- show_conversation(id, actor): the entry, and beside it version, clocks, notes, what may be answered how, and the thread.
drop function if exists answerd.show_conversation(text);
create or replace function answerd.show_conversation(p_id text, p_actor bigint default null) returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_named(p_id);
	v_more json;
begin
	select json_build_object('now', answerd.rfc3339(answerd.now()), 'version', c.version, 'created_at', answerd.rfc3339(c.created_at),
		'assigned_until', answerd.rfc3339(case when answerd.holder_of(c) is not null then c.assigned_until end),
		'assignee_name', case when answerd.holder_of(c) is not null then answerd.staff_name(answerd.holder_of(c)) end,
		'waiting_office_s', case when c.waiting_since is not null then
			extract(epoch from answerd.business_between(c.brand_id, c.waiting_since, answerd.now()))::bigint end,
		'policy', (select y.name from answerd.policy y where y.policy_id = c.policy_id), 'is_about', c.is_about, 'why', answerd.why_waiting(c),
		'why_parts', answerd.waiting_parts(c), 'account_handle', a.own_handle,
		'merged', coalesce((select json_agg(x.conversation_id::text order by x.conversation_id) from answerd.conversation x
			where x.merged_into = c.conversation_id and x.brand_id = c.brand_id), '[]'),
		'replies', answerd.replies_of(c), 'answering', answerd.answering(c, p_actor), 'acts', answerd.acts_of(c),
		'notes', coalesce((select json_agg(answerd.note_json(n) order by n.at, n.note_id) from answerd.note n
			where n.conversation_id = c.conversation_id and n.brand_id = c.brand_id), '[]'),
		'thread', coalesce((select json_agg(answerd.shown(c, t) order by t.ord_at, t.direction = 'outbound', t.at, t.external_id) from (
			select * from (select * from answerd.thread_of(c) u order by u.ord_at desc, u.at desc, u.external_id desc limit 1000) v) t), '[]'))
	into v_more from answerd.account a where a.account_id = c.account_id and a.brand_id = c.brand_id;
	-- Joined as text: json keeps the order of the keys, the entry first.
	return (left(answerd.entry(c)::text, -1) || ', ' || substr(v_more::text, 2))::json;
end $$;

-- explain_conversation(id): why it waits or not, message by message, and the promise under which it waits (rules/63).
create or replace function answerd.explain_conversation(p_id text) returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	c answerd.conversation := answerd.conversation_named(p_id);
begin
	return json_build_object('id', c.conversation_id::text, 'waiting_since', answerd.rfc3339(c.waiting_since), 'messages', c.unanswered,
		'now', answerd.rfc3339(answerd.now()), 'why', answerd.why_waiting(c), 'why_parts', answerd.waiting_parts(c), 'promise', answerd.promise_of(c),
		'thread', coalesce((select json_agg(json_build_object('id', s ->> 'id', 'at', s ->> 'at', 'role', s ->> 'role', 'actor', s ->> 'actor',
			'author', s -> 'author', 'excerpt', case when length(e.line) > 80 then rtrim(left(e.line, 79)) || '…' else e.line end,
			'waits', (s ->> 'waits')::bool, 'why', s ->> 'why', 'why_parts', s -> 'why_parts')) from (
				select answerd.shown(c, t) as s from answerd.thread_of(c) t
				order by t.ord_at, t.direction = 'outbound', t.at, t.external_id limit 1000) x
			cross join lateral (select regexp_replace(left(s ->> 'text', 400), '\s+', ' ', 'g') as line) e), '[]'));
end $$;

-- show_customer(id): who it is, and everything between them and us, newest first.
create or replace function answerd.show_customer(p_id text, p_limit bigint) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	i answerd.identity;
begin
	select * into i from answerd.identity
	where identity_id = answerd.id_of(p_id, 'customer', 'answer queue --json shows the ids of customers.');
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no customer %s. answer queue --json shows the ids of customers.', p_id);
	end if;
	return (left(json_build_object('id', i.identity_id::text, 'now', answerd.rfc3339(answerd.now()), 'name', i.name, 'handle', i.handle,
		'brand', (select name from answerd.brand where brand_id = i.brand_id), 'realm', i.realm,
		'first_seen_at', answerd.rfc3339(i.first_seen_at),
		'conversations', coalesce((select json_agg(e.entry order by c.waiting_since nulls last, c.conversation_id desc) from answerd.conversation c
			join answerd.entry_json e on e.conversation_id = c.conversation_id and e.brand_id = c.brand_id
			where c.customer_id = i.identity_id and c.brand_id = i.brand_id), '[]'),
		'timeline', coalesce((select json_agg(json_build_object('at', answerd.rfc3339(t.at), 'account', t.account, 'platform', t.platform,
			'conversation', t.conversation_id::text, 'id', t.external_id, 'kind', t.kind, 'direction', t.direction, 'nature', t.nature,
			'text', case when t.deleted_at is not null then '[deleted]' else t.body end, 'permalink', t.permalink)
			order by t.at desc, t.external_id) from (
				select m.at, a.name as account, a.platform, c.conversation_id, m.external_id, m.kind, m.direction, m.nature, m.deleted_at,
					m.body, m.permalink
				from answerd.conversation c
				join answerd.account a on a.account_id = c.account_id and a.brand_id = c.brand_id
				join answerd.message m on m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id
					and m.brand_id = c.brand_id
				where c.customer_id = i.identity_id and c.brand_id = i.brand_id
				order by m.at desc, m.external_id limit nullif(coalesce(p_limit, 200), 0)) t), '[]'))::text, -1) || ', '
		|| substr(answerd.person(i)::text, 2))::json;
end $$;

-- list_sources(): per source what it hears, since when, how often, and what is wrong.
create or replace function answerd.list_sources() returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce(json_agg(json_build_object('id', source_id::text, 'brand', brand, 'account', account,
		'platform', platform, 'source', source, 'is_configured', is_configured,
		'state', case when not is_configured then 'off' when is_heard then 'listening' when account_state in ('refused', 'failing')
			then account_state::text when heard_at is null then 'new' when is_deaf then trouble when failures > 0 then 'failing' else 'late' end,
		'account_state', account_state, 'reason', coalesce(trouble_text, state_reason),
		'reason_parts', case when trouble_text is not null then trouble_parts else answerd.parts_of(state_reason) end,
		'since', answerd.rfc3339(coalesce(trouble_since, failing_since, state_since)), 'missing', missing,
		'heard_at', answerd.rfc3339(heard_at), 'heard_from', answerd.rfc3339(heard_from), 'heard_until', answerd.rfc3339(heard_until),
		'imported_at', answerd.rfc3339(imported_at), 'failures', failures, 'failed_at', answerd.rfc3339(failed_at), 'failure', failure,
		'every_s', extract(epoch from interval_target)::bigint, 'achieved_s', extract(epoch from interval_achieved)::bigint,
		'news_at', answerd.rfc3339(news_at), 'usual_silence_s', extract(epoch from usual_silence)::bigint,
		'token_until', answerd.rfc3339(token_until), 'skew_s', extract(epoch from skew)::bigint,
		'reading', (select json_build_object('month', to_char(answerd.now() at time zone 'UTC', 'YYYY-MM'), 'reads', coalesce(r.n_read, 0),
				'cost_usd', round(coalesce(r.cost_uusd, 0) / 1000000.0, 2)::text, 'monthly_reads', nullif(a.monthly_reads, 0),
				'posts', coalesce(r.n_posted, 0), 'posts_usd', round(coalesce(r.posted_uusd, 0) / 1000000.0, 2)::text,
				'monthly_usd', nullif(a.monthly_usd, 0))
			from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id and a.reading_costs
			left join answerd.reading r on r.account_id = a.account_id and r.brand_id = a.brand_id
				and r.month = answerd.bill_month()
			where s.source_id = h.source_id and s.name not in ('threads', 'rechecks') limit 1))
		order by is_configured desc, brand, account, source), '[]'), 'next', null, 'now', answerd.rfc3339(answerd.now()), 'listening', answerd.listening())
	from answerd.source_health h
$$;

-- list_quarantine(after, limit): elements that we could not read, newest first; raw bytes escaped.
create or replace function answerd.list_quarantine(p_after text, p_limit bigint) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	v_limit bigint := nullif(coalesce(p_limit, 50), 0);
	v_items json; v_n bigint; v_next text;
begin
	if p_after !~ '^[0-9]{1,18}$' then
		perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the page before, unchanged.');
	end if;
	select coalesce(json_agg(x.item order by x.id desc) filter (where x.n <= v_limit or v_limit is null), '[]'), count(*),
		(array_agg(x.id::text) filter (where x.n = v_limit))[1] into v_items, v_n, v_next
	from (
		select q.quarantine_id as id, row_number() over (order by q.quarantine_id desc) as n,
			json_build_object('id', q.quarantine_id::text, 'brand', b.name, 'account', a.name, 'platform', a.platform, 'source', s.name,
				'external_id', q.external_id, 'reason', q.reason, 'times_seen', q.times_seen,
				'first_seen_at', answerd.rfc3339(q.first_seen_at), 'last_seen_at', answerd.rfc3339(q.last_seen_at),
				'bytes', octet_length(q.raw), 'raw', encode(substring(q.raw from 1 for 300), 'escape')) as item
		from answerd.quarantine q
		join answerd.brand b on b.brand_id = q.brand_id
		join answerd.account a on a.account_id = q.account_id and a.brand_id = q.brand_id
		left join answerd.source s on s.source_id = q.source_id and s.account_id = q.account_id and s.brand_id = q.brand_id
		where q.resolved_at is null and (p_after is null or q.quarantine_id < p_after::bigint)
		order by q.quarantine_id desc limit v_limit + 1) x;
	return json_build_object('items', v_items, 'next', case when v_n > v_limit then v_next end);
end $$;

-- the_ledger(from, to, brand, account): one object; received is the sum, by construction, and checked by verify.
create or replace function answerd.the_ledger(p_from timestamptz, p_to timestamptz, p_brand text, p_account text) returns json
language plpgsql stable set search_path = pg_catalog as $$
declare
	v_brand int := answerd.brand_named(p_brand);
	v_account int[];
begin
	select array_agg(account_id) into v_account from answerd.account where name = p_account and (v_brand is null or brand_id = v_brand);
	if p_account is not null and v_account is null then
		perform answerd.refuse('AN400', format('There is no account "%s". answer sources names them.', p_account));
	end if;
	return (select json_build_object(
		'received', count(*) filter (where fate <> 'overheard'), 'answered', count(*) filter (where fate = 'answered'),
		'dismissed', count(*) filter (where fate = 'dismissed'), 'deleted', count(*) filter (where fate = 'deleted'),
		'spam', count(*) filter (where fate = 'spam'), 'waiting', count(*) filter (where fate = 'waiting'),
		'overheard', count(*) filter (where fate = 'overheard'),
		'heard', (select coalesce(json_agg(h order by h.brand, h.account), '[]') from answerd.heard_share(p_from, p_to, v_brand, v_account) h))
		from answerd.ledger_message l
		where (p_from is null or l.at >= p_from) and (p_to is null or l.at < p_to)
			and (v_brand is null or l.brand_id = v_brand) and (v_account is null or l.account_id = any (v_account)));
end $$;
