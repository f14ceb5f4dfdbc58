-- What whoever posts looks after now and then.

-- plain_words(text): words as two renderings of one text share them: no markup, no white space, no case.
create or replace function answerd.plain_words(p text) returns text language sql immutable set search_path = pg_catalog as $$
	select lower(regexp_replace(p, '\s+', '', 'g'))
$$;

-- respond_chores(): now and then, by whoever posts: backlog told, and posts that a person found matched with what a poll brought.
create or replace function answerd.respond_chores() returns void language plpgsql set search_path = pg_catalog as $$
declare
	v_n bigint;
	v_since timestamptz;
	r answerd.reply;
	v_id text;
begin
	perform answerd.filing_chores();
	select count(*), min(unknown_at) into v_n, v_since from answerd.reply where state in ('unknown', 'reconciling');
	if v_n > 20 or v_since < answerd.now() - interval '10 min' then
		perform answerd.raise_said('deaf', 'reconcile', null, null, null, jsonb_build_array(jsonb_build_object('code', 'replies_lost', 'n', v_n)));
	else
		perform answerd.over_said('reconcile', '[{"code": "replies_known"}]');
	end if;
	for r in select * from answerd.reply where external_id like 'replied:%' order by account_id, reply_id limit 100 loop
		perform from answerd.account where account_id = r.account_id and brand_id = r.brand_id for no key update;
		select m.external_id into v_id from answerd.message m where m.parent_id = r.parent_id and m.account_id = r.account_id
			and m.brand_id = r.brand_id and m.direction = 'outbound' and m.external_id not like 'replied:%' and m.deleted_at is null
			and (m.permalink = r.permalink or answerd.plain_words(m.body) like '%' || answerd.plain_words(r.words))
			and not exists (select from answerd.reply q where q.external_id = m.external_id and q.account_id = r.account_id and q.brand_id = r.brand_id)
		order by (m.permalink = r.permalink) desc nulls last limit 1;
		continue when not found;
		perform answerd.forget_stubs(r.brand_id, r.account_id, array[r.external_id]);
		update answerd.reply set external_id = v_id where reply_id = r.reply_id and brand_id = r.brand_id;
		perform answerd.recompute(r.brand_id, r.account_id, array_agg(c.root_id), array_agg(c.customer_id), array_agg(false))
		from answerd.conversation c where c.conversation_id = r.conversation_id and c.brand_id = r.brand_id;
	end loop;
end $$;
