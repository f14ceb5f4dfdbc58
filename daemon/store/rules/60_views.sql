-- The views that outsiders rely on (their columns are documented in daemon/store/README.md, "Views"). All names are
-- configuration names; every instant is asked of answerd.now().

-- excerpt_of(words): one line of at most 200 characters for lists. The desk does the same in C for pages of the queue.
create or replace function answerd.excerpt_of(words text) returns text language sql immutable parallel safe as $$
	select left(regexp_replace(btrim(words, E' \t\r\n\f\x0b'), E'[ \t\r\n\f\x0b]+', ' ', 'g'), 200)
$$;

-- conversation_entry: every conversation that lives, as the queue shows it; the queue is the part of it that waits.
-- Every probe is LATERAL … LIMIT 1, so that a page of the queue costs index look-ups, with statistics or without.
create or replace view answerd.conversation_entry as
select c.brand_id, c.account_id, c.conversation_id, b.name as brand, a.name as account, c.platform, c.kind, c.nature, c.is_about,
	c.customer_id, i.name as customer_name, i.handle as customer_handle,
	answerd.excerpt_of(c.excerpt) as excerpt, c.permalink, c.unanswered as messages, c.waiting_since,
	greatest(extract(epoch from n.now - c.waiting_since), 0)::bigint as waiting_s,
	c.warn_at, c.due_at, c.stop_at,
	case when c.waiting_since is null then null when c.stop_at <= n.now then 'stopped'
		when c.due_at <= n.now then 'overdue' when c.warn_at <= n.now then 'warn' else 'ok' end as state,
	case when c.snoozed_until > n.now then c.snoozed_until end as snoozed_until,
	s.login as assignee, case when s.login is not null then c.assigned_until end as assigned_until,
	c.priority, c.tags, c.version, c.created_at, c.root_id
from answerd.conversation c
cross join lateral (select answerd.now() as now offset 0) n
left join lateral (select name from answerd.brand b where b.brand_id = c.brand_id limit 1) b on true
left join lateral (select name from answerd.account a where a.account_id = c.account_id and a.brand_id = c.brand_id limit 1) a on true
left join lateral (select name, handle from answerd.identity i where i.identity_id = c.customer_id and i.brand_id = c.brand_id
	limit 1) i on true
left join lateral (select login from answerd.staff s where s.staff_id = c.assignee_id and c.assigned_until > n.now
	limit 1) s on true
where c.merged_into is null;

create or replace view answerd.queue as
select * from answerd.conversation_entry where waiting_since is not null;

-- entry_json: the same as the one JSON object that the API, the page and the webhooks show (DESIGN §6: the keys are a promise).
create or replace view answerd.entry_json as
select brand_id, conversation_id, json_build_object('id', conversation_id::text, 'brand', brand, 'account', account,
	'platform', platform, 'kind', kind, 'nature', nature,
	'customer', json_build_object('id', customer_id::text, 'name', customer_name, 'handle', customer_handle, 'stage', null),
	'excerpt', excerpt, 'permalink', permalink, 'messages', messages, 'waiting_since', answerd.rfc3339(waiting_since),
	'waiting_s', waiting_s, 'warn_at', answerd.rfc3339(warn_at), 'due_at', answerd.rfc3339(due_at),
	'stop_at', answerd.rfc3339(stop_at), 'state', state, 'snoozed_until', answerd.rfc3339(snoozed_until), 'assignee', assignee,
	'priority', priority, 'tags', to_json(tags), 'can_reply', w.why is null, 'why_not', w.why) as entry
from answerd.conversation_entry e
cross join lateral (select coalesce(answerd.reply_hindrance(e.brand_id, e.account_id),
	answerd.reply_unfit(e.brand_id, e.account_id, e.kind, case when e.messages = 1 then e.waiting_since end),
	answerd.reply_unnamed(e.brand_id, e.conversation_id)) as why offset 0) w;

create or replace function answerd.entry(c answerd.conversation) returns json language sql stable set search_path = pg_catalog as $$
	select entry from answerd.entry_json where conversation_id = c.conversation_id and brand_id = c.brand_id
$$;

-- conversation_timeline: every message of every conversation's thread, the customer's, ours and what others said there.
create or replace view answerd.conversation_timeline as
select b.name as brand, a.name as account, c.platform, c.conversation_id, m.external_id, m.parent_id, m.at, m.posted_at,
	m.first_seen_at, m.edited_at, m.deleted_at, m.kind, m.direction, m.nature, m.visibility,
	m.author_id, i.name as author_name, i.handle as author_handle,
	m.author_id = c.customer_id as is_customer, m.is_to_us, m.is_about, m.is_automatic, m.is_imported, m.settled,
	m.is_answer and (m.customer_id = c.customer_id or exists (select from answerd.answer_link k where k.customer_id = c.customer_id
		and k.external_id = m.external_id and k.account_id = m.account_id and k.brand_id = m.brand_id)) as is_answer,
	m.is_owed and m.author_id = c.customer_id and m.ord_at > coalesce(c.answered_ord, '-infinity') as is_waiting,
	m.body, m.warning, m.permalink
from answerd.conversation c
join answerd.brand b on b.brand_id = c.brand_id
join answerd.account a on a.account_id = c.account_id and a.brand_id = c.brand_id
join answerd.message m on m.root_id = c.root_id and m.account_id = c.account_id and m.brand_id = c.brand_id
left join answerd.identity i on i.identity_id = m.author_id and i.brand_id = m.brand_id
where c.merged_into is null;

-- customer_timeline: everything between one customer and us, on all accounts of the brand.
create or replace view answerd.customer_timeline as
select b.name as brand, a.name as account, a.platform, m.customer_id, i.name as customer_name, i.handle as customer_handle,
	c.conversation_id, m.external_id, m.at, m.kind, m.direction, m.nature, m.is_to_us, m.deleted_at, m.body, m.permalink
from answerd.identity i
join answerd.message m on m.customer_id = i.identity_id and m.brand_id = i.brand_id
join answerd.account a on a.account_id = m.account_id and a.brand_id = m.brand_id
join answerd.brand b on b.brand_id = m.brand_id
left join answerd.conversation c on c.root_id = m.root_id and c.customer_id = m.customer_id and c.account_id = m.account_id
	and c.brand_id = m.brand_id;

-- source_health: is each source heard? is_heard is false as soon as there is doubt, and whenever deafness stands alarmed (rules/64).
create or replace view answerd.source_health as
select b.name as brand, b.timezone, a.name as account, a.platform, s.source_id, s.name as source,
	s.is_configured and a.is_configured and b.is_configured as is_configured,
	a.state as account_state, a.state_reason, a.state_since, a.missing,
	s.heard_at, s.heard_until, s.imported_at, s.failures, s.failed_at, s.failure, w.holder as worker, w.beat_at as worker_beat_at,
	s.is_configured and a.is_configured and b.is_configured and a.state not in ('refused', 'failing') and s.failures < 2
		-- "threads" and "rechecks" are read when there is something to read.
		and (s.name in ('threads', 'rechecks') or (s.heard_at is not null
			and s.heard_at > answerd.now() - (interval '15 min' + 5 * a.every_us * interval '1 microsecond')))
		and not coalesce(t.is_deaf, false)
		-- Heartbeats are facts of the machine: never the test clock.
		and coalesce(w.beat_at > pg_catalog.now() - interval '30 s' and w.stopped_at is null, false) as is_heard,
	t.reason as trouble, t.text as trouble_text, t.since as trouble_since,
	a.every_us * interval '1 microsecond' as interval_target, s.interval_us * interval '1 microsecond' as interval_achieved,
	s.news_at, case when s.usual_at > s.news_at then s.usual_silence end as usual_silence, a.token_until, a.skew_us * interval '1 microsecond' as skew,
	s.heard_from, s.failing_since, coalesce(t.is_deaf, false) as is_deaf, t.text_parts as trouble_parts
from answerd.source s
join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
join answerd.brand b on b.brand_id = s.brand_id
left join answerd.worker w on w.holder = a.holder
left join lateral (select t.reason, t.text, t.text_parts, t.since, t.is_deaf from answerd.trouble t where t.account_id = s.account_id and t.brand_id = s.brand_id
	and t.source_id in (0, s.source_id) and t.key is not null order by t.is_deaf desc, t.since limit 1) t on true;

-- reading_cost: what reading and posting cost by month, where a platform sells it.
create or replace view answerd.reading_cost as
select b.name as brand, a.name as account, a.platform, r.month, r.n_read as reads, round(r.cost_uusd / 1000000.0, 2) as cost_usd,
	nullif(a.monthly_reads, 0) as monthly_reads, r.n_posted as posts, round(r.posted_uusd / 1000000.0, 2) as posts_usd,
	nullif(a.monthly_usd, 0) as monthly_usd
from answerd.reading r
join answerd.account a on a.account_id = r.account_id and a.brand_id = r.brand_id
join answerd.brand b on b.brand_id = r.brand_id;

-- coverage: from when to when each source has provably been listened to: one row a span, a gap between two of them.
create or replace view answerd.coverage as
select b.name as brand, a.name as account, a.platform, s.source_id, s.name as source, x.heard_from, x.heard_until, x.is_going_on
from answerd.source s
join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
join answerd.brand b on b.brand_id = s.brand_id
cross join lateral (select h.from_at as heard_from, h.until_at as heard_until, false as is_going_on from answerd.heard_span h
	where h.source_id = s.source_id and h.account_id = s.account_id and h.brand_id = s.brand_id
	union all
	select s.heard_from, s.heard_until, true where s.heard_from <= s.heard_until) x;

-- ledger_message: what became of every inbound message, each exactly once.
create or replace view answerd.ledger_message as
select m.brand_id, m.account_id, m.external_id, m.at, m.root_id, m.customer_id, case
	when not (m.is_to_us or (m.is_about and m.nature >= 'question')) then 'overheard'
	when m.deleted_at is not null then 'deleted'
	when m.settled = 'spam' then 'spam'
	when m.settled = 'dismissed' then 'dismissed'
	when m.ord_at <= c.answered_ord then 'answered'
	else 'waiting' end as fate
from answerd.message m
left join answerd.conversation c on c.root_id = m.root_id and c.customer_id = m.customer_id and c.account_id = m.account_id
	and c.brand_id = m.brand_id
where m.direction = 'inbound' and m.kind <> 'other';

-- ledger: received = answered + dismissed + deleted + spam + waiting; a row for each brand, account and UTC day.
create or replace view answerd.ledger as
select b.name as brand, a.name as account, a.platform, (l.at at time zone 'UTC')::date as day,
	count(*) filter (where l.fate <> 'overheard') as received,
	count(*) filter (where l.fate = 'answered') as answered, count(*) filter (where l.fate = 'dismissed') as dismissed,
	count(*) filter (where l.fate = 'deleted') as deleted, count(*) filter (where l.fate = 'spam') as spam,
	count(*) filter (where l.fate = 'waiting') as waiting, count(*) filter (where l.fate = 'overheard') as overheard
from answerd.ledger_message l
join answerd.account a on a.account_id = l.account_id and a.brand_id = l.brand_id
join answerd.brand b on b.brand_id = l.brand_id
group by 1, 2, 3, 4;

-- response_times: one row an answered wait: from the oldest message to us that an answer covered, to that answer.
create or replace view answerd.response_times as
with answered as (
	select c.brand_id, c.account_id, c.platform, c.conversation_id, m.at, m.ord_at, n.at as answered_at, n.ord_at as answer_ord,
		n.external_id as answer_id
	from answerd.conversation c
	join answerd.message m on m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id
		and m.brand_id = c.brand_id and m.is_owed
	cross join lateral (
		select x.at, x.ord_at, x.external_id from (
			(select r.at, r.ord_at, r.external_id from answerd.message r
			where r.root_id = c.root_id and r.customer_id = c.customer_id and r.account_id = c.account_id and r.brand_id = c.brand_id
				and r.ord_at >= m.ord_at and r.is_answer
			order by r.ord_at limit 1)
			union all
			(select r.at, r.ord_at, r.external_id from answerd.answer_link k
			cross join lateral (select r.at, r.ord_at, r.external_id from answerd.message r where r.external_id = k.external_id
				and r.account_id = k.account_id and r.brand_id = k.brand_id and r.root_id = c.root_id and r.is_answer
				and r.ord_at >= m.ord_at offset 0) r
			where k.customer_id = c.customer_id and k.account_id = c.account_id and k.brand_id = c.brand_id
			order by r.ord_at limit 1)) x
		order by x.ord_at limit 1) n
	where c.merged_into is null
), wait as (
	select brand_id, account_id, platform, conversation_id, answer_ord, min(at) as waiting_since, min(answered_at) as answered_at,
		min(answer_id) as answer_id,
		row_number() over (partition by conversation_id order by answer_ord) = 1 as is_first
	from answered group by 1, 2, 3, 4, 5
)
select b.name as brand, w.platform, a.name as account, w.conversation_id, w.waiting_since, w.answered_at,
	case when w.is_first then greatest(w.answered_at - w.waiting_since, interval '0') end as first_response,
	case when not w.is_first then greatest(w.answered_at - w.waiting_since, interval '0') end as next_response,
	extract(epoch from answerd.business_between(w.brand_id, w.waiting_since, w.answered_at))::bigint as business_seconds,
	coalesce(s.login, 'native') as actor
from wait w
join answerd.account a on a.account_id = w.account_id and a.brand_id = w.brand_id
join answerd.brand b on b.brand_id = w.brand_id
left join lateral (select s.login from answerd.reply r join answerd.staff s on s.staff_id = r.author_id
	where r.external_id = w.answer_id and r.account_id = w.account_id and r.brand_id = w.brand_id limit 1) s on true;

-- talk_listen: how much we heard and how much we talked, by account and day of the brand's own calendar.
create or replace view answerd.talk_listen as
select b.name as brand, a.name as account, a.platform, (m.at at time zone b.timezone)::date as day,
	count(*) filter (where m.direction = 'inbound' and m.is_to_us) as heard_to_us,
	count(*) filter (where m.direction = 'inbound' and not m.is_to_us) as overheard,
	count(*) filter (where m.is_answer and m.customer_id is not null) as replies,
	count(*) filter (where m.direction = 'outbound' and m.kind <> 'other' and m.customer_id is null) as broadcasts,
	round(count(*) filter (where m.is_answer and m.customer_id is not null)::numeric
		/ nullif(count(*) filter (where m.direction = 'outbound' and m.kind <> 'other' and m.customer_id is null), 0), 2)
		as replies_per_broadcast
from answerd.message m
join answerd.account a on a.account_id = m.account_id and a.brand_id = m.brand_id
join answerd.brand b on b.brand_id = m.brand_id
where m.kind <> 'other' and m.direction <> 'context'
group by 1, 2, 3, 4;

-- thanks_owed: who praised or thanked us and has not been thanked back.
create or replace view answerd.thanks_owed as
select brand, account, platform, conversation_id, customer_id, customer_name, customer_handle, nature, excerpt, permalink,
	waiting_since, waiting_s, due_at
from answerd.queue where nature in ('thanks', 'praise');
