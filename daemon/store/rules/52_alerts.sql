-- Alerts as staff see them: the list, "I have seen it", silences, and where an alert would go.

-- alert_json(alert): the object of the API.
create or replace function answerd.alert_json(a answerd.alert) returns json language plpgsql stable set search_path = pg_catalog as $$
begin
	return json_build_object('id', a.alert_id::text, 'event', a.event, 'step', a.step, 'policy', a.policy,
		'brand', (select name from answerd.brand b where b.brand_id = a.brand_id),
		'account', (select name from answerd.account x where x.account_id = a.account_id and x.brand_id = a.brand_id),
		'source', (select name from answerd.source s where s.source_id = a.source_id and s.account_id = a.account_id and s.brand_id = a.brand_id),
		'conversation', a.conversation_id::text, 'at', answerd.rfc3339(a.at), 'since', answerd.rfc3339(a.since), 'text', a.text,
		'text_parts', coalesce(a.text_parts, case a.step when 'warn' then '[{"code": "late_warn"}]' when 'due' then '[{"code": "late_due"}]' when 'lead' then '[{"code": "late_lead"}]'
			when 'stop' then '[{"code": "late_stop"}]' end::jsonb),
		'state', case when a.over_at is not null then 'over' when a.acked_at is not null then 'acknowledged' else 'open' end,
		'acked_at', answerd.rfc3339(a.acked_at), 'acked_by', (select login from answerd.staff s where s.staff_id = a.acked_by),
		'over_at', answerd.rfc3339(a.over_at),
		'channels', coalesce((select json_agg(json_build_object('channel', d.channel, 'round', d.round, 'state', d.state,
				'told_at', answerd.rfc3339(d.told_at), 'attempts', coalesce(t.attempts, 0), 'failure', t.failure,
				'kept_until', answerd.rfc3339(d.kept_until), 'kept_by', d.kept_by) order by d.round, d.channel)
			from answerd.delivery d left join answerd.telling t on t.telling_id = d.telling_id
			where d.alert_id = a.alert_id and d.brand_id = a.brand_id), '[]'));
end $$;

-- alerts_list(which, after, limit): newest first. Which: 'standing' what is not over, 'open' what nobody acknowledged either,
-- 'all' everything, signs of life included.
create or replace function answerd.alerts_list(p_open bool, p_all bool, p_after text, p_limit bigint) returns json language plpgsql
stable set search_path = pg_catalog as $$
declare
	v_limit bigint := nullif(coalesce(p_limit, 50), 0);
	v_items json;
	v_n bigint;
	v_next text;
begin
	if p_after is not null and p_after !~ '^[0-9]{1,18}$' then
		perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the page before, unchanged.');
	end if;
	select coalesce(json_agg(x.entry order by x.id desc) filter (where x.n <= v_limit or v_limit is null), '[]'), count(*),
		min(x.id) filter (where x.n = v_limit)::text
	into v_items, v_n, v_next
	from (select a.alert_id as id, row_number() over (order by a.alert_id desc) as n, answerd.alert_json(a) as entry
		from (select * from answerd.alert a
			where (p_after is null or a.alert_id < p_after::bigint)
				-- A wait that ended a moment ago may not be marked yet.
				and (coalesce(p_all, false) or (a.over_at is null and (a.event <> 'waiting' or exists (select from answerd.conversation c
					where c.conversation_id = a.conversation_id and c.brand_id = a.brand_id and c.oldest_id = a.message_id
						and c.waiting_since is not null))))
				and (not coalesce(p_open, false) or a.acked_at is null)
			order by a.alert_id desc limit v_limit + 1) a) x;
	return json_build_object('items', v_items, 'next', case when v_n > v_limit then v_next end, 'now', answerd.rfc3339(answerd.now()),
		'trouble', answerd.telling_trouble(), 'trouble_parts', answerd.telling_parts());
end $$;

-- alert_ack(id, actor): somebody has seen it and deals with it. Who acknowledged first stays.
create or replace function answerd.alert_ack(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.alert;
	v_id bigint := answerd.id_of(p_id, 'alert', 'answer alerts lists them.');
begin
	select * into v from answerd.alert where alert_id = v_id for update;
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no alert %s. answer alerts lists them.', v_id::text);
	end if;
	if v.acked_at is null then
		update answerd.alert set acked_at = answerd.now(), acked_by = p_actor, repeat_at = null
		where alert_id = v.alert_id and brand_id = v.brand_id returning * into v;
		perform answerd.audited(v.brand_id, 'staff:' || p_actor, 'ack', 'alert:' || v.alert_id);
	end if;
	return answerd.alert_json(v);
end $$;

-- silences: not now, until then, says who, because.
create or replace function answerd.silence_json(s answerd.silence) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('id', s.silence_id::text, 'brand', (select name from answerd.brand b where b.brand_id = s.brand_id),
		'account', (select name from answerd.account a where a.account_id = s.account_id and a.brand_id = s.brand_id),
		'channel', s.channel, 'policy', s.policy, 'at', answerd.rfc3339(s.at), 'until', answerd.rfc3339(s.until),
		'by', (select login from answerd.staff f where f.staff_id = s.by_staff), 'reason', s.reason)
$$;
create or replace function answerd.silences_list() returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce((select json_agg(answerd.silence_json(s) order by s.until, s.silence_id)
		from answerd.silence s where s.until > answerd.now()), '[]'), 'next', null, 'now', answerd.rfc3339(answerd.now()))
$$;
create or replace function answerd.silence_add(p_actor bigint, p_brand text, p_account text, p_channel text, p_policy text, p_for text,
	p_reason text) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.silence;
	v_for interval := answerd.length_of(p_for);
	v_brand int := answerd.brand_named(p_brand);
	v_account answerd.account;
begin
	if v_for is null or v_for < interval '1 min' or v_for > interval '31 days' then
		perform answerd.refuse('AN400', 'A silence has an end: 30m, 2h, 1d; at most 31d.');
	end if;
	if btrim(coalesce(p_reason, '')) = '' or length(p_reason) > 500 or p_reason ~ '[[:cntrl:]]' then
		perform answerd.refuse('AN400', 'A silence has a reason, one line of at most 500 characters.');
	end if;
	if p_account is not null then
		select * into v_account from answerd.account where name = p_account and (v_brand is null or brand_id = v_brand) order by brand_id limit 1;
		if not found then
			perform answerd.refuse('AN400', format('There is no account %s. answer sources names them.', left(p_account, 100)));
		end if;
		v_brand := v_account.brand_id;
	end if;
	if p_channel is not null and not exists (select from answerd.channel where name = p_channel and is_configured) then
		perform answerd.refuse('AN400', format('There is no channel %s. These are configured: %s.', left(p_channel, 100),
			coalesce((select string_agg(name, ', ' order by name) from answerd.channel where is_configured), 'none')));
	end if;
	if p_policy is not null and not exists (select from answerd.policy where name = p_policy) then
		perform answerd.refuse('AN400', format('There is no policy %s. answer alerts test shows which one is used.', left(p_policy, 100)));
	end if;
	insert into answerd.silence (brand_id, account_id, channel, policy, at, until, by_staff, reason)
	values (v_brand, v_account.account_id, p_channel, p_policy, answerd.now(), answerd.now() + v_for, p_actor, btrim(p_reason)) returning * into v;
	perform answerd.audited(coalesce(v_brand, 0), 'staff:' || p_actor, 'silence', 'silence:' || v.silence_id,
		jsonb_build_object('until', answerd.rfc3339(v.until), 'channel', p_channel, 'account', p_account, 'policy', p_policy));
	return answerd.silence_json(v);
end $$;
-- silence_end(id, actor): over before its time; what still stands is told within seconds.
create or replace function answerd.silence_end(p_id text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.silence;
	v_id bigint := answerd.id_of(p_id, 'silence', 'answer silences names them.');
begin
	select * into v from answerd.silence where silence_id = v_id for update;
	if not found then
		perform answerd.refuse('AN404', format('There is no silence %s. answer silences names them.', v_id));
	end if;
	if v.until > answerd.now() then
		update answerd.silence set until = answerd.now() where silence_id = v_id returning * into v;
		perform answerd.audited(coalesce(v.brand_id, 0), 'staff:' || p_actor, 'silence_end', 'silence:' || v.silence_id);
		perform pg_notify('answerd_alert', '');
	end if;
	return answerd.silence_json(v);
end $$;

-- would_tell(brand, account, policy, step, channels) → what would happen on each channel if it were now, and why.
create or replace function answerd.would_tell(p_brand int, p_account int, p_policy text, p_step text, p_channels text[]) returns json
language plpgsql stable set search_path = pg_catalog as $$
begin
	return (select coalesce(json_agg(json_build_object('channel', c.name, 'type', c.type,
			'would', case when p_step is distinct from 'stop' and coalesce((s.s).until, q.until) is not null then 'keep' else 'tell' end,
			'why', case
				when p_step is distinct from 'stop' and (s.s).silence_id is not null then format('silence %s until %s: %s', (s.s).silence_id,
					answerd.rfc3339((s.s).until), (s.s).reason)
				when p_step is distinct from 'stop' and q.until is not null then format('quiet hours until %s', answerd.rfc3339(q.until))
				when c.failures >= 3 then format('it fails since %s (%s), and would be tried until it succeeds', answerd.rfc3339(c.failing_since), left(c.failure, 200))
				when not c.name = any(p_channels) then 'none of the named channels is configured: whom health is told'
				when exists (select from answerd.telling t where t.channel = c.name and t.group_key = 'waiting|' || coalesce(p_policy, '') || '|' || p_step
					and t.made_at > now() - c.group_us * interval '1 microsecond')
					then format('with others, at most one telling in %s s', c.group_us / 1000000)
				else 'at once' end) order by c.name), '[]')
		from answerd.channel c
		cross join lateral (select answerd.quiet_until(c, answerd.now()) as until) q
		cross join lateral (select answerd.silenced(p_brand, p_account, c.name, p_policy) as s) s
		where c.name = any(answerd.channels_of(p_channels)));
end $$;

-- alerts_test(conversation | brand, kind, nature, about): where an alert would go. Nothing is sent.
create or replace function answerd.alerts_test(p_conversation text, p_brand text, p_kind text, p_nature text, p_about bool) returns json
language plpgsql stable set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	v_brand int;
	p answerd.policy;
	h answerd.alert_house;
begin
	select * into h from answerd.alert_house;
	if p_conversation is not null then
		c := answerd.conversation_named(p_conversation);
	else
		if coalesce(p_kind, 'mention') not in ('mention', 'comment', 'reply', 'direct', 'review', 'post', 'other') then
			perform answerd.refuse('AN400', 'A kind is mention, comment, reply, direct, review, post or other.');
		end if;
		if coalesce(p_nature, 'question') not in ('question', 'complaint', 'praise', 'thanks', 'neutral') then
			perform answerd.refuse('AN400', 'A nature is question, complaint, praise, thanks or neutral.');
		end if;
		v_brand := coalesce(answerd.brand_named(p_brand), (select min(brand_id) from answerd.brand where is_configured));
		c.brand_id := v_brand;
		c.kind := coalesce(p_kind, 'mention')::answerd.message_kind;
		c.nature := coalesce(p_nature, 'question')::answerd.message_nature;
		c.is_about := coalesce(p_about, false);
	end if;
	select y.* into p from answerd.policy y where y.policy_id = coalesce(c.policy_id, (select x.policy_id from answerd.policy_choice x
		where x.kind = c.kind and x.nature = c.nature and x.is_about = c.is_about and x.brand_id = c.brand_id));
	return json_build_object('conversation', c.conversation_id::text, 'brand', (select name from answerd.brand b where b.brand_id = c.brand_id),
		'kind', c.kind, 'nature', c.nature, 'about', c.is_about, 'policy', p.name, 'is_shipped', p.is_shipped,
		'steps', coalesce((select json_agg(json_build_object('step', s.step, 'after', answerd.length_text(s.after), 'clock', s.clock,
				'at', answerd.rfc3339(s.at), 'channels', case when p.is_digest then
					answerd.would_tell(c.brand_id, c.account_id, p.name, s.step, case when s.n = 1 then p.notify else '{}' end)
					else answerd.would_tell(c.brand_id, c.account_id, p.name, s.step, case when s.n < 3 then p.notify else p.escalate end) end)
				order by s.n)
			from (values (1, case when p.is_digest then 'digest' else 'warn' end, p.warn, c.warn_at, case when p.is_calendar then 'calendar' else 'office' end),
				(2, 'due', p.first, c.due_at, case when p.is_calendar then 'calendar' else 'office' end),
				(3, 'lead', p.first * 1.5, c.lead_at, case when p.is_calendar then 'calendar' else 'office' end),
				(4, 'stop', p.stop, c.stop_at, 'calendar')) s(n, step, after, at, clock)
			where (p.policy_id is not null and (s.after is not null or (s.n = 1 and p.is_digest)))), '[]'),
		'health', answerd.would_tell(0, null, null, null, h.notify));
end $$;
