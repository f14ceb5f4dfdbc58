-- One act for many conversations: label, assign, dismiss with a reason. Never a reply: people answer, one by one.

-- bulk(actor, ids, act, …): at most 200, each with its own result: done, or refused with the reason it would have alone. Each is
-- audited as if it had been done alone. Everything is locked first, in one order for everybody (accounts, then conversations):
-- acts end with the brand's audit chain, behind which nobody may wait for a row again.
create or replace function answerd.bulk(p_actor bigint, p_ids text, p_act text, p_who text, p_reason text, p_tag text, p_for text, p_lease interval)
returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_ids text[] := array(select x from unnest(string_to_array(p_ids, E'\n')) with ordinality u(x, n) group by x order by min(n));
	v_results jsonb := '{}';
	v_n_done int := 0;
	v_id text;
	v_code text;
	v_said text;
	v_name text;
	v_with text;
begin
	if p_act is null or p_act not in ('take', 'give', 'tag', 'untag', 'snooze', 'dismiss') then
		perform answerd.refuse('AN400', 'Many at once can be: take, give, tag, untag, snooze, dismiss. Replies go one by one.');
	elsif coalesce(cardinality(v_ids), 0) = 0 then
		perform answerd.refuse('AN400', 'Say which conversations: a list of ids.');
	elsif cardinality(v_ids) > 200 then
		perform answerd.refuse('AN400', 'At most 200 conversations at once.');
	end if;
	if p_act in ('dismiss', 'snooze') then
		perform from answerd.account a where (a.account_id, a.brand_id) in (select c.account_id, c.brand_id from answerd.conversation c
			where c.conversation_id = any (select x::bigint from unnest(v_ids) x where x ~ '^[0-9]{1,18}$')) order by a.brand_id, a.account_id for no key update;
	end if;
	perform from answerd.conversation c where c.conversation_id = any (select x::bigint from unnest(v_ids) x where x ~ '^[0-9]{1,18}$')
	order by c.brand_id, c.conversation_id for no key update;
	-- By brand, so that two of these take the brands' audit chains in one order.
	for v_id in select x from unnest(v_ids) with ordinality u(x, n) left join lateral (select c.brand_id from answerd.conversation c
			where c.conversation_id = case when x ~ '^[0-9]{1,18}$' then x::bigint end limit 1) c on true order by c.brand_id, n loop
		begin
			if p_act = 'take' then
				perform answerd.take(v_id, p_actor, p_lease);
			elsif p_act = 'give' then
				perform answerd.give(v_id, p_actor, p_who, p_lease);
			elsif p_act = 'tag' then
				perform answerd.tag(v_id, p_actor, p_tag, null);
			elsif p_act = 'untag' then
				perform answerd.tag(v_id, p_actor, null, p_tag);
			elsif p_act = 'snooze' then
				perform answerd.snooze(v_id, p_actor, p_for);
			else
				perform answerd.dismiss(v_id, p_actor, p_reason);
			end if;
			v_n_done := v_n_done + 1;
			v_results := v_results || jsonb_build_object(v_id, null);
		exception when sqlstate 'AN403' or sqlstate 'AN404' or sqlstate 'AN409' then
			get stacked diagnostics v_said = message_text, v_code = returned_sqlstate, v_name = pg_exception_hint, v_with = pg_exception_detail;
			v_results := v_results || jsonb_build_object(v_id, jsonb_build_object('status', substr(v_code, 3)::int, 'detail', v_said,
				'code', nullif(v_name, ''), 'with', nullif(v_with, '')::jsonb));
		end;
	end loop;
	return json_build_object('done', v_n_done, 'refused', cardinality(v_ids) - v_n_done, 'items', (select json_agg(json_build_object('id', x,
		'is_done', jsonb_typeof(v_results -> x) = 'null', 'status', coalesce((v_results -> x ->> 'status')::int, 200), 'detail', v_results -> x ->> 'detail',
		'code', v_results -> x ->> 'code', 'with', nullif(v_results -> x -> 'with', 'null')) order by n)
		from unnest(v_ids) with ordinality u(x, n)));
end $$;
