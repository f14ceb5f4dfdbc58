-- Our own copies of what was posted, where a platform keeps none by itself (connector.h, OP_FILE). The reply is sent and stays so,
-- whatever becomes of its copy: each try looks first whether it is there, so it may be tried again by anybody at any time.

-- filing_begin(reply): the reply was just sent, and its connector asks for a copy. Not at once: the platform may make one by itself.
create or replace function answerd.filing_begin(r answerd.reply) returns void language sql set search_path = pg_catalog as $$
	insert into answerd.filing (brand_id, account_id, reply_id, begun_at, not_before)
	select r.brand_id, r.account_id, r.reply_id, answerd.now(), answerd.now() + p.settle_us * interval '1 microsecond'
	from answerd.posting p where p.account_id = r.account_id and p.brand_id = r.brand_id
	on conflict do nothing
$$;

-- filing_claim(sender, brands, accounts, most) → replies whose copy is due, for a minute this sender's.
create or replace function answerd.filing_claim(p_sender int, p_brand text[], p_account text[], p_most int) returns bigint[] language sql
set search_path = pg_catalog as $$
	with due as (
		select f.reply_id, f.brand_id from unnest(p_brand, p_account) u(brand, account)
		join answerd.brand b on b.name = u.brand
		join answerd.account a on a.brand_id = b.brand_id and a.name = u.account and a.is_configured and a.state <> 'refused'
		join answerd.filing f on f.account_id = a.account_id and f.brand_id = a.brand_id
		where f.not_before <= answerd.now() and (coalesce(f.until < now(), true) or (f.holder <> p_sender and answerd.sender_is_gone(f.holder)))
		order by f.not_before, f.reply_id limit greatest(p_most, 0) for update of f skip locked
	), moved as (
		update answerd.filing f set holder = p_sender, until = now() + interval '60 s' from due
		where f.reply_id = due.reply_id and f.brand_id = due.brand_id returning f.reply_id
	)
	select coalesce(array_agg(m.reply_id), '{}') from moved m
$$;

-- filing_over(reply, failure): it is there, or not yet. Ever rarer, up to an hour.
create or replace function answerd.filing_over(p_brand int, p_reply bigint, p_sender int, p_failure text) returns void language plpgsql
set search_path = pg_catalog as $$
begin
	if p_failure is null then
		delete from answerd.filing where reply_id = p_reply and brand_id = p_brand;
	else
		update answerd.filing set tries = tries + 1, reason = p_failure, holder = null, until = null,
			not_before = answerd.now() + least(15 * 2 ^ least(tries, 10), 3600) * interval '1 s'
		where reply_id = p_reply and brand_id = p_brand and holder = p_sender;
	end if;
end $$;

-- filing_chores(): what could not be put there in a day never will be; the reply's history says so.
create or replace function answerd.filing_chores() returns void language sql set search_path = pg_catalog as $$
	with over as (
		delete from answerd.filing where begun_at < answerd.now() - interval '1 day' returning brand_id, reply_id, reason
	)
	insert into answerd.reply_event (brand_id, reply_id, at, actor, what, note)
	select o.brand_id, o.reply_id, answerd.now(), 'worker', 'not filed',
		'it was sent, and no copy of it could be put among the sent messages: ' || coalesce(o.reason, 'nobody came to it')
	from over o
$$;
