-- What posting costs, where a platform sells it (X): said to who writes, counted when it is sent, beside what reading costs (41_listen.sql).
-- The price of each reply stands with it: the desk asks the connector when it measures the words.

-- count_posting(reply): what the platform charges for it, by UTC months. Beyond the month's budget it is posted all the same, and a person hears it.
create or replace function answerd.count_posting(r answerd.reply) returns void language plpgsql set search_path = pg_catalog as $$
declare
	a answerd.account;
	v_month date := answerd.bill_month();
	v_cost bigint;
begin
	insert into answerd.reading as m (brand_id, account_id, month, n_posted, posted_uusd)
	values (r.brand_id, r.account_id, v_month, 1, r.cost_uusd)
	on conflict (account_id, month, brand_id) do update set n_posted = m.n_posted + 1, posted_uusd = m.posted_uusd + excluded.posted_uusd
	returning m.cost_uusd + m.posted_uusd into v_cost;
	select * into a from answerd.account where account_id = r.account_id and brand_id = r.brand_id;
	if a.monthly_usd > 0 and v_cost > a.monthly_usd * 1000000 then
		perform answerd.raise_said('digest', format('money:%s:%s', a.account_id, v_month), a.brand_id, a.account_id, null,
			jsonb_build_array(jsonb_build_object('code', 'money_spent', 'usd', a.monthly_usd, 'account', a.name, 'spent', round(v_cost / 1000000.0, 2)::text)));
	end if;
end $$;

-- reply_price(reply): what the platform charges for it and its parts, one line for people; null: nothing. Nothing is refused for money: who
-- writes decides.
create or replace function answerd.reply_price(r answerd.reply) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
	a answerd.account;
	v_cost bigint;
	v_month bigint;
begin
	if r.cost_uusd is null then
		return null;
	end if;
	select * into a from answerd.account where account_id = r.account_id and brand_id = r.brand_id;
	select sum(y.cost_uusd) into v_cost from answerd.reply y where (y.reply_id = r.reply_id or y.first_id = r.reply_id) and y.brand_id = r.brand_id;
	select m.cost_uusd + m.posted_uusd into v_month from answerd.reading m where m.account_id = r.account_id and m.brand_id = r.brand_id
		and m.month = answerd.bill_month();
	return format('The platform charges about %s US dollars for it.', trim_scale(v_cost / 1000000.0))
		|| case when a.monthly_usd > 0 and coalesce(v_month, 0) + case r.state when 'sent' then 0 else v_cost end > a.monthly_usd * 1000000
			then format(' That is more than what is left of the month''s %s (`monthly_usd`); it is posted all the same.', a.monthly_usd) else '' end;
end $$;
