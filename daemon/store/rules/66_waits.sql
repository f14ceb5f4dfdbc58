-- Waits, as they were: from the oldest of a customer's messages that nobody of ours had answered, to the answer. Computed from
-- the messages, for many conversations at once. What the view response_times says row by row, this says for all of a span of
-- time in one walk: it reads the messages since `from` once, sorts those that ask or answer, and looks further back only where
-- a conversation's first event in the span does not say what was before it.
-- Cost: one reading of answerd.message (whole: it has no index by time, and ingest shall not pay for one), a sort of what lies
-- in the span, and one look-up (10 µs) for each conversation with an event in it. p_from null: everything, without look-ups.

-- waits(from, brand, staff) → all waits that began or ended at `from` or later. is_first: nobody of ours had answered this
-- customer there before; at_row: a message of that conversation (null: none). nature is the weightiest of its messages, kind the oldest's, as promises are judged (rules/20). actor:
-- who wrote the answer here (null: in the platform's own app), only looked up with `staff`.
-- wait_key() is the same hash. Not wrapped (no SET): so that the planner sees through it.
-- What is sorted is small on purpose: a conversation is 64 bits of hash, and a message the place where it lies (ctid, of use within
-- one statement only): 10 million messages are 1 GB less to write and to read.
create or replace function answerd.waits(p_from timestamptz, p_brand int, p_staff bool)
returns table (key bigint, account_id int, at_row tid, since timestamptz, answered_at timestamptz, is_first bool,
	kind answerd.message_kind, nature answerd.message_nature, is_about bool, actor bigint) language sql stable parallel safe rows 10000 as $$
	with event as (
		select hashint8extended(m.customer_id, hashtextextended(m.root_id, m.account_id)) as key, m.account_id, m.ctid as at_row, m.ord_at, m.at, m.is_answer,
			m.kind, m.nature, m.is_to_us, m.external_id = m.root_id as is_root,
			case when p_staff and m.is_answer then (select r.author_id from answerd.reply r where r.external_id = m.external_id
				and r.account_id = m.account_id and r.brand_id = m.brand_id) end as actor
		from answerd.message m
		where (m.is_owed or (m.is_answer and m.customer_id is not null)) and (p_brand is null or m.brand_id = p_brand)
			-- An answer may have a clock that is a little behind the message that it answers.
			-- (A subquery, so that the bound is worked out once.)
			and (p_from is null or m.at >= (select p_from - interval '1 day'))
		union all
		select hashint8extended(k.customer_id, hashtextextended(r.root_id, k.account_id)), k.account_id,
			(select x.ctid from answerd.message x where x.root_id = r.root_id and x.customer_id = k.customer_id and x.account_id = k.account_id
				and x.brand_id = k.brand_id and x.ord_at <= r.ord_at order by x.ord_at desc limit 1), r.ord_at, r.at, true, r.kind, r.nature, false, false,
			case when p_staff then (select y.author_id from answerd.reply y where y.external_id = r.external_id
				and y.account_id = r.account_id and y.brand_id = r.brand_id) end
		from answerd.answer_link k
		join answerd.message r on r.external_id = k.external_id and r.account_id = k.account_id and r.brand_id = k.brand_id and r.is_answer
		where (p_brand is null or k.brand_id = p_brand) and (p_from is null or r.at >= (select p_from - interval '1 day'))
	), counted as (
		select e.*, count(*) filter (where e.is_answer) over w - e.is_answer::int as n_before, lag(not e.is_answer, 1, false) over w as is_asked
		from event e
		window w as (partition by e.key order by e.ord_at, e.is_answer rows unbounded preceding)
	), wait as (
		select c.key, c.n_before, min(c.account_id) as account_id, min(c.at_row) as at_row, min(c.ord_at) as first_ord, bool_or(c.is_root) as is_begun,
			min(c.at) filter (where not c.is_answer) as since, max(c.at) filter (where c.is_answer) as answered_at,
			max(c.kind) filter (where not c.is_answer and not c.is_asked) as kind, max(c.nature) filter (where not c.is_answer) as nature,
			not coalesce(bool_or(c.is_to_us) filter (where not c.is_answer), false) as is_about, max(c.actor) as actor
		from counted c group by 1, 2
		having p_from is not null or bool_or(not c.is_answer)
	)
	select w.key, w.account_id, w.at_row, least(w.since, b.since), w.answered_at, w.n_before = 0 and not coalesce(b.is_answered, false),
		coalesce(b.kind, w.kind), greatest(w.nature, b.nature), w.is_about and coalesce(b.is_about, true), w.actor
	from wait w
	left join lateral ( -- what was before the first event that was read; nothing, where that is the message that began the thread
		select a.ord_at is not null as is_answered, x.since, x.kind, x.nature, x.is_about
		from (select t.root_id, t.customer_id, t.account_id, t.brand_id, greatest((select r.ord_at from answerd.message r where r.root_id = t.root_id
					and r.customer_id = t.customer_id and r.account_id = t.account_id and r.brand_id = t.brand_id and r.ord_at < w.first_ord and r.is_answer
				order by r.ord_at desc limit 1),
				(select max(r.ord_at) from answerd.answer_link k join answerd.message r on r.external_id = k.external_id and r.account_id = k.account_id
					and r.brand_id = k.brand_id and r.root_id = t.root_id and r.is_answer and r.ord_at < w.first_ord
				where k.customer_id = t.customer_id and k.account_id = t.account_id and k.brand_id = t.brand_id)) as ord_at
			from answerd.message t where p_from is not null and w.n_before = 0 and not w.is_begun and t.ctid = w.at_row offset 0) a
		cross join lateral (
			select min(m.at) as since, (array_agg(m.kind order by m.ord_at))[1] as kind, max(m.nature) as nature, not bool_or(m.is_to_us) as is_about
			from answerd.message m where m.root_id = a.root_id and m.customer_id = a.customer_id and m.account_id = a.account_id and m.brand_id = a.brand_id
				and m.ord_at < w.first_ord and m.ord_at > coalesce(a.ord_at, '-infinity') and m.is_owed) x
	) b on true
	where w.since is not null or b.since is not null
$$;

create or replace function answerd.wait_key(p_customer bigint, p_root text, p_account int) returns bigint language sql immutable parallel safe as $$
	select hashint8extended(p_customer, hashtextextended(p_root, p_account))
$$;

-- office_hours(from, until) → per brand three arrays: when frames open and close, seconds since 1970, and the office time before
-- each; which frame an instant belongs to then is a binary search: width_bucket(instant, opens). Only frames that touch the
-- span, and the last one before it.
create or replace function answerd.office_hours(p_from timestamptz, p_until timestamptz)
returns table (brand_id int, opens float8[], closes float8[], before_s float8[]) language sql stable parallel safe rows 10 as $$
	select b.brand_id, coalesce(f.opens, '{}'), coalesce(f.closes, '{}'), coalesce(f.before_s, '{}')
	from answerd.brand b cross join lateral (
		select array_agg(date_part('epoch', f.opens) order by f.opens) as opens, array_agg(date_part('epoch', f.closes) order by f.opens) as closes,
			array_agg(f.before_us / 1000000.0::float8 order by f.opens) as before_s
		from answerd.office_frame f where f.brand_id = b.brand_id and f.opens <= p_until
			and f.opens >= coalesce((select max(g.opens) from answerd.office_frame g where g.brand_id = b.brand_id and g.opens <= p_from), '-infinity')
		offset 0) f
$$;
-- office_at(frame, hours, t): office time from the beginning of the calendar until t, in seconds (business_between's, for many rows).
create or replace function answerd.office_at(p_frame int, p_opens float8[], p_closes float8[], p_before float8[], p_at float8) returns float8
language sql immutable parallel safe as $$
	select case when p_frame = 0 then 0 else p_before[p_frame] + least(p_at, p_closes[p_frame]) - p_opens[p_frame] end
$$;
