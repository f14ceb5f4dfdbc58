-- What the box beside a conversation must know: whom a reply answers, until when, why not, and the caller's own draft.

-- reply_why_code(…): the name of what reply_hindrance, reply_unfit (rules/53) or reply_unnamed (rules/54) says, for pages in other languages; null: nothing is in
-- the way. The order is theirs.
create or replace function answerd.reply_why_code(c answerd.conversation, p_kind answerd.message_kind, p_since timestamptz) returns text language sql stable
set search_path = pg_catalog as $$
	select case when answerd.reply_hindrance(c.brand_id, c.account_id) is not null then case
			when p.account_id is null then 'unknown' when p.is_able is not true then 'unable' when h.is_panic then 'panic'
			when a.state = 'refused' or a.own_id is null then 'refused' else 'posting_refused' end
		when answerd.reply_unfit(c.brand_id, c.account_id, p_kind, p_since) is not null then case when p_kind = any (p.answers) then 'late' else 'kind' end
		when answerd.reply_unnamed(c.brand_id, c.conversation_id) is not null then 'unnamed' end
	from answerd.account a left join answerd.posting p on p.account_id = a.account_id and p.brand_id = a.brand_id left join answerd.respond_house h on true
	where a.account_id = c.account_id and a.brand_id = c.brand_id
$$;

-- answering(conversation, actor): as reply_judged (rules/53) will see it. until: when the platform's window shuts; null: it does not.
create or replace function answerd.answering(c answerd.conversation, p_actor bigint) returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	m answerd.message := answerd.reply_parent(c);
	p answerd.posting;
	b answerd.brand;
	v_window bigint;
	v_why text;
begin
	select * into b from answerd.brand where brand_id = c.brand_id;
	select * into p from answerd.posting where account_id = c.account_id and brand_id = c.brand_id;
	v_window := coalesce(nullif(case coalesce(m.kind, c.kind) when 'direct' then p.direct_window_s end, 0), p.window_s, 0);
	v_why := coalesce(answerd.reply_hindrance(c.brand_id, c.account_id), answerd.reply_unfit(c.brand_id, c.account_id, coalesce(m.kind, c.kind), m.at),
		answerd.reply_unnamed(c.brand_id, c.conversation_id),
		case when m.external_id is null then 'There is nothing left to answer: what the customer said was deleted.' end);
	return json_build_object('can', v_why is null, 'why_not', v_why,
		'why_code', case when v_why is not null then coalesce(answerd.reply_why_code(c, coalesce(m.kind, c.kind), m.at), 'nothing') end,
		-- Queued all the same: what is in the way passes by itself, or a person removes it.
		'may_queue', coalesce(p.is_able, false) and m.external_id is not null
			and answerd.reply_unfit(c.brand_id, c.account_id, coalesce(m.kind, c.kind), m.at) is null and answerd.reply_unnamed(c.brand_id, c.conversation_id) is null,
		'to', case when m.external_id is not null then json_build_object('id', m.external_id, 'kind', m.kind, 'visibility', m.visibility,
			'at', answerd.rfc3339(m.at), 'warning', m.warning, 'permalink', m.permalink, 'excerpt', answerd.excerpt_of(left(coalesce(nullif(m.body, ''), m.warning), 300)),
			'language', m.language) end,
		'until', case when v_window > 0 then answerd.rfc3339(m.at + v_window * interval '1 s') end,
		'needs_approval', b.needs_approval or (select coalesce(bool_or(s.needs_approval), false) from answerd.staff s where s.staff_id = p_actor),
		'signature', case when b.sign then answerd.public_name(p_actor) end,
		'draft', answerd.draft_json(answerd.draft_of(c, p_actor)));
end $$;

-- acts_of(conversation): who did what with it, oldest first, the last fifty.
create or replace function answerd.acts_of(c answerd.conversation) returns json language sql stable set search_path = pg_catalog as $$
	select coalesce(json_agg(json_build_object('at', answerd.rfc3339(x.at), 'act', x.act, 'by', s.login, 'name', s.name,
		'to', (select f.login from answerd.staff f where f.staff_id = substring(x.detail ->> 'to' from '^staff:([0-9]+)$')::bigint)) order by x.seq), '[]')
	from (select * from answerd.audit a where a.object = 'conversation:' || c.conversation_id and a.brand_id = c.brand_id order by a.seq desc limit 50) x
	left join answerd.staff s on s.staff_id = substring(x.actor from '^staff:([0-9]+)$')::bigint
$$;

-- person(identity): what a colleague must know before they write: where else this customer is, and what was between them and us.
create or replace function answerd.person(i answerd.identity) returns json language sql stable set search_path = pg_catalog as $$
	with theirs as materialized (
		select c.conversation_id, c.waiting_since, c.tags, m.n_in, m.n_out, m.first_at, m.last_at, m.answered_at from answerd.conversation c
		cross join lateral (select count(*) filter (where m.direction = 'inbound' and m.kind <> 'other') as n_in,
				count(*) filter (where m.is_answer) as n_out, min(m.at) as first_at, max(m.at) as last_at, max(m.at) filter (where m.is_answer) as answered_at
			from answerd.message m where m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id and m.brand_id = c.brand_id) m
		where c.customer_id = i.identity_id and c.brand_id = i.brand_id and c.merged_into is null
	)
	select json_build_object(
		'identities', (select json_agg(json_build_object('id', i.identity_id::text, 'realm', i.realm, 'external_id', i.external_id, 'name', i.name,
			'handle', i.handle, 'platforms', coalesce((select json_agg(distinct a.platform) from answerd.account a where a.realm = i.realm
				and a.brand_id = i.brand_id), '[]')))),
		'stage', null,
		'counts', json_build_object('conversations', count(*), 'waiting', count(*) filter (where t.waiting_since is not null),
			'messages', coalesce(sum(t.n_in), 0), 'answers', coalesce(sum(t.n_out), 0)),
		'first_at', answerd.rfc3339(min(t.first_at)), 'last_at', answerd.rfc3339(max(t.last_at)), 'answered_at', answerd.rfc3339(max(t.answered_at)),
		'tags', coalesce((select json_agg(distinct g order by g) from theirs x, unnest(x.tags) g), '[]'),
		'notes', coalesce((select json_agg(answerd.note_json(n) order by n.note_id desc) from (select n.* from answerd.note n
			where n.conversation_id in (select conversation_id from theirs) and n.brand_id = i.brand_id order by n.note_id desc limit 50) n), '[]'),
		'promises', json_build_array())
	from theirs t
$$;
