-- What a fresh lease must know. $1 int8 brand_id, $2 int8 account_id. One row a source: source_id, poll_state, poll_seq,
-- is_imported, sweep_state; and of the account: own_id, own_handle, facts, state, sealed session, its until_us; and
-- the source's name; and of the account's budget: used or null (nothing is known), its age_us, rate_limit, rate_left,
-- rate_reset_us, ask_after_us; whether most of what the source serves cannot be read; whether the server's clock is off;
-- what was read this month, where reading costs money; the session's seq (0: none); what the month has cost, in millionths of a dollar; what other workers
-- have ever asked there.
select s.source_id::int8, s.poll_state, s.poll_seq, s.imported_at is not null, s.sweep_state, a.own_id, a.own_handle, a.facts,
	a.state::text, c.sealed, answerd.us(c.until), s.name,
	a.budget_used, answerd.us(now()) - answerd.us(a.budget_at), a.rate_limit::int8, a.rate_left::int8, answerd.us(a.rate_reset),
	answerd.us(a.ask_after), s.unread_since is not null, a.skew_us is not null,
	coalesce((select r.n_read from answerd.reading r where r.account_id = a.account_id and r.brand_id = a.brand_id
		and r.month = date_trunc('month', answerd.now() at time zone 'UTC')::date), 0)::int8, coalesce(c.seq, 0),
	coalesce((select r.cost_uusd + r.posted_uusd from answerd.reading r where r.account_id = a.account_id and r.brand_id = a.brand_id
		and r.month = date_trunc('month', answerd.now() at time zone 'UTC')::date), 0)::int8,
	a.asked_elsewhere
from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
left join answerd.credential c on c.account_id = a.account_id and c.brand_id = a.brand_id
where s.account_id = $2::int8::int and s.brand_id = $1::int8::int
