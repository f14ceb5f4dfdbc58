-- Who takes a reply, as the queue shows it before anybody types. What speaks against one account or one kind is 53_replies.sql.

-- reply_unnamed(conversation): where the platform takes a reply only from those whom the customer names, and this one does not name us:
-- the sentence that says so. What is answered is the customer's newest message to us.
create or replace function answerd.reply_unnamed(p_brand int, p_conversation bigint) returns text language plpgsql stable
set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	m answerd.message;
	v_why text;
begin
	select * into c from answerd.conversation where conversation_id = p_conversation and brand_id = p_brand;
	select p.named_only into v_why from answerd.posting p where p.account_id = c.account_id and p.brand_id = p_brand;
	if v_why is null then
		return null;
	end if;
	m := answerd.reply_parent(c);
	return case when not m.is_named and m.kind <> 'direct' then v_why || ': answer in the platform''s own app, answerd will see it.' end;
end $$;
-- can_reply_rows(): the same for pages of the queue, which the desk prints: one row an account. unnamed: the ids of the conversations
-- that take no reply because they do not name us, with blanks around them; null where that is no matter.
drop function if exists answerd.can_reply_rows();
create or replace function answerd.can_reply_rows() returns table (account_id bigint, hindrance text, answers text, window_s bigint, late text,
	unnamed text, unnamed_why text, direct_window_s bigint, direct_late text) language sql stable set search_path = pg_catalog as $$
	select a.account_id::bigint, answerd.reply_hindrance(a.brand_id, a.account_id), ' ' || array_to_string(p.answers, ' ') || ' ',
		coalesce(p.window_s, 0), answerd.reply_late(coalesce(p.window_s, 0)),
		case when p.named_only is not null then (select ' ' || string_agg(c.conversation_id::text, ' ') || ' ' from answerd.conversation c
			where c.account_id = a.account_id and c.brand_id = a.brand_id and c.waiting_since is not null
				and answerd.reply_unnamed(c.brand_id, c.conversation_id) is not null) end,
		p.named_only || ': answer in the platform''s own app, answerd will see it.',
		coalesce(p.direct_window_s, 0), answerd.reply_late(coalesce(p.direct_window_s, 0))
	from answerd.account a left join answerd.posting p on p.account_id = a.account_id and p.brand_id = a.brand_id
	order by 1
$$;
