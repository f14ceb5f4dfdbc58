-- verify: every invariant of the stored house, from scratch. No finding: all is well. It runs in slices, so that it may run
-- beside the work: each slice is one statement, so one snapshot, and a page that commits meanwhile cannot make it lie.
-- The checks are written in other words than the rules they check.

-- Is there a circle among the parents above this message? Such rows are threads of their own (ingest), whatever they say.
create or replace function answerd.is_circular(p_brand int, p_account int, p_id text) returns bool language sql stable
set search_path = pg_catalog as $$
	with recursive up as (
		select m.external_id, m.parent_id from answerd.message m where m.external_id = p_id and m.account_id = p_account and m.brand_id = p_brand
		union
		select p.external_id, p.parent_id from up
		cross join lateral (select p.external_id, p.parent_id from answerd.message p where p.external_id = up.parent_id
			and p.account_id = p_account and p.brand_id = p_brand limit 1) p
	)
	select not exists (select from up left join lateral (select true as there from answerd.message p where p.external_id = up.parent_id
		and p.account_id = p_account and p.brand_id = p_brand limit 1) x on true where x.there is null)
$$;

-- Derivations: every message against its parent. One step for every message is the whole proof, by induction.
create or replace function answerd.verify_messages(p_brand int, p_account int, p_after text, p_limit int,
	out o_last text, out o_n int, out o_findings text[]) language sql stable set search_path = pg_catalog as $$
	with part as materialized (
		select * from answerd.message m where m.account_id = p_account and m.brand_id = p_brand and m.external_id > p_after
		order by m.external_id limit p_limit
	), judged as (
		select m.external_id, m.ord_at, m.root_id, m.customer_id, m.is_to_us, m.direction, m.parent_id, m.thread_id,
			p.external_id as above, p.ord_at as above_ord,
			coalesce(m.merged_root, m.thread_id, case when p.external_id is not null and p.root_id is not null then p.root_id
				when m.direction = 'inbound' then m.external_id when p.external_id is not null then null else m.parent_id end) as want_root,
			case when m.direction = 'inbound' then m.author_id when p.customer_id is not null then p.customer_id
				when m.thread_id is not null then m.customer_id end as want_customer,
			case when m.direction = 'inbound' then m.at when p.ord_at > m.at - interval '1 microsecond' then p.ord_at
				else m.at - interval '1 microsecond' end as want_ord,
			m.direction = 'inbound' and m.kind <> 'other' and (m.is_named
				or (p.direction = 'outbound' and p.kind <> 'other') is true
				or (p.direction = 'inbound' and p.author_id = m.author_id and p.is_to_us) is true
				or exists (select from answerd.message q where q.parent_id = m.external_id and q.account_id = p_account and q.brand_id = p_brand
					and q.direction = 'outbound' and q.kind <> 'other' offset 0)) as want_to_us,
			(select count(*) from (select from answerd.identity i where i.identity_id = m.author_id and i.brand_id = p_brand limit 1) i) as n_author,
			(select count(*) from (select from answerd.message_source s where s.external_id = m.external_id and s.account_id = p_account
				and s.brand_id = p_brand limit 1) s) as n_source,
			m.is_owed and m.root_id is not null and m.customer_id is not null and not exists (select from answerd.conversation c
				where c.root_id = m.root_id and c.customer_id = m.customer_id and c.account_id = p_account and c.brand_id = p_brand offset 0)
				as is_lost
		from part m
		left join lateral (select * from answerd.message p where p.external_id = m.parent_id and p.account_id = p_account
			and p.brand_id = p_brand limit 1) p on true
	), found as (
		select j.external_id, 'is in thread ' || coalesce(root_id, '(none)') || ' and should be in ' || coalesce(want_root, '(none)') as what
			from judged j where root_id is distinct from want_root and not answerd.is_circular(p_brand, p_account, external_id)
		union all
		select external_id, 'belongs to customer ' || coalesce(customer_id::text, '(none)') || ' and should to ' || coalesce(want_customer::text, '(none)')
			from judged where customer_id is distinct from want_customer and not answerd.is_circular(p_brand, p_account, external_id)
		union all
		select external_id, 'has the place ' || ord_at || ' in its thread and should have ' || want_ord
			from judged where ord_at is distinct from want_ord and not answerd.is_circular(p_brand, p_account, external_id)
		union all
		select external_id, case when want_to_us then 'is to us and does not know it' else 'is not to us and believes it' end
			from judged where is_to_us is distinct from want_to_us and not answerd.is_circular(p_brand, p_account, external_id)
		union all
		select external_id, 'has an author whom nobody knows' from judged where n_author = 0
		union all
		select external_id, 'was seen by no source' from judged where n_source = 0
		union all
		select external_id, 'waits for an answer and has no conversation' from judged where is_lost
		union all
		select external_id, 'stayed in thread ' || root_id || ', which a person joined to another' from judged j
		where exists (select from answerd.thread_join t where t.root_id = j.root_id and t.account_id = p_account and t.brand_id = p_brand offset 0)
	)
	select (select max(external_id) from part), (select count(*)::int from part),
		(select array_agg('message ' || f.external_id || ' ' || f.what order by f.external_id) from (select * from found limit 100) f)
$$;

-- Clocks: every conversation against what its messages say.
create or replace function answerd.verify_conversations(p_after bigint, p_limit int, out o_last bigint, out o_n int,
	out o_findings text[]) language sql stable set search_path = pg_catalog as $$
	with part as materialized (
		select * from answerd.conversation c where c.conversation_id > p_after order by c.conversation_id limit p_limit
	), thread as materialized (
		select c.conversation_id, m.external_id, m.at, m.ord_at, m.kind, m.nature, m.is_to_us, m.is_owed, m.is_answer, m.is_imported,
			left(coalesce(nullif(m.body, ''), m.warning), 300) as words, m.permalink, m.customer_id = c.customer_id as is_own,
			exists (select from answerd.answer_link k where k.customer_id = c.customer_id and k.external_id = m.external_id
				and k.account_id = m.account_id and k.brand_id = m.brand_id offset 0) as is_named
		from part c
		cross join lateral (select * from answerd.message m where m.root_id = c.root_id and m.account_id = c.account_id
			and m.brand_id = c.brand_id offset 0) m
		where c.merged_into is null
	), answered as materialized (
		select conversation_id, max(ord_at) as ord_at from thread where is_answer and (is_own or is_named) group by 1
	), owed as materialized (
		select t.conversation_id, min(t.at) as since, count(*) as n, max(t.nature) as nature, bool_and(not t.is_to_us) as is_about,
			bool_and(t.is_imported) as is_imported
		from thread t left join answered a using (conversation_id)
		where t.is_owed and t.is_own and (a.ord_at is null or t.ord_at > a.ord_at) group by 1
	), oldest as (
		select distinct on (t.conversation_id) t.conversation_id, t.external_id, t.kind, t.words, t.permalink
		from thread t left join answered a using (conversation_id)
		where t.is_owed and t.is_own and (a.ord_at is null or t.ord_at > a.ord_at)
		order by t.conversation_id, t.ord_at, t.external_id
	), joined as materialized (
		select c.*, a.ord_at as o_answered, o.since as o_since, o.n as o_n, o.nature as o_nature, o.is_about as o_is_about,
			o.is_imported as o_is_imported, x.external_id as x_id, x.kind as x_kind, x.words as x_words, x.permalink as x_permalink
		from part c
		left join answered a using (conversation_id) left join owed o using (conversation_id) left join oldest x using (conversation_id)
		where c.merged_into is null
	), found as (
		select c.conversation_id, case
			when c.waiting_since is distinct from c.o_since then 'waits since ' || coalesce(answerd.rfc3339(c.waiting_since), 'never')
				|| ' and its messages say ' || coalesce(answerd.rfc3339(c.o_since), 'never')
			when c.answered_ord is distinct from c.o_answered then 'is answered up to ' || coalesce(answerd.rfc3339(c.answered_ord), 'nothing')
				|| ' and its messages say ' || coalesce(answerd.rfc3339(c.o_answered), 'nothing')
			when c.unanswered <> coalesce(c.o_n, 0) then 'counts ' || c.unanswered || ' that wait and there are ' || coalesce(c.o_n, 0)
			when c.oldest_id is distinct from c.x_id then 'names a wrong oldest message'
			when (c.excerpt, c.permalink) is distinct from (c.x_words, c.x_permalink) then 'shows other words than its oldest message says'
			when c.o_n > 0 and (c.nature, c.is_about, c.kind) is distinct from (c.o_nature, c.o_is_about, c.x_kind) then 'has a wrong kind, nature or audience'
			end as what
		from joined c
		union all
		-- Deadlines, through the policies and the calendar themselves. A brand whose deadlines are just being renewed has its turn later.
		select c.conversation_id, case
			when c.policy_id is distinct from y.policy_id then 'waits under policy ' || coalesce(c.policy_id::text, '(none)')
				|| ' and should under ' || coalesce(y.policy_id::text, '(none)')
			when c.is_imported <> coalesce(c.o_is_imported, false) then 'has a wrong mark of import'
			when c.warn_at is distinct from answerd.deadline(y, c.brand_id, c.o_since, y.warn) then 'warns at ' || coalesce(answerd.rfc3339(c.warn_at), 'no time')
				|| ' and should at ' || coalesce(answerd.rfc3339(answerd.deadline(y, c.brand_id, c.o_since, y.warn)), 'no time')
			when c.due_at is distinct from answerd.deadline(y, c.brand_id, c.o_since, case when c.o_answered is null then y.first else y.next end)
				then 'is due at ' || coalesce(answerd.rfc3339(c.due_at), 'no time') || ' and should be at '
				|| coalesce(answerd.rfc3339(answerd.deadline(y, c.brand_id, c.o_since, case when c.o_answered is null then y.first else y.next end)), 'no time')
			when c.lead_at is distinct from answerd.deadline(y, c.brand_id, c.o_since, 
				case when not y.is_digest then 1.5 * case when c.o_answered is null then y.first else y.next end end)
				then 'tells the lead at a wrong time'
			when c.stop_at is distinct from c.o_since + y.stop then 'stops at ' || coalesce(answerd.rfc3339(c.stop_at), 'no time')
				|| ' and should at ' || coalesce(answerd.rfc3339(c.o_since + y.stop), 'no time')
			when c.alarm_at is not null and (c.o_since is null or c.is_imported or y.is_digest
				or c.alarm_at not in (c.warn_at, c.due_at, c.lead_at, c.stop_at) is true) then 'has an alarm of its own'
			when c.o_since is not null and c.alarm_told = 0 and c.alarm_at is null and not c.is_imported and not y.is_digest
				and coalesce(y.warn, y.first, y.stop) is not null then 'waits without an alarm'
			end
		from joined c
		join answerd.brand b on b.brand_id = c.brand_id
		left join lateral (select y.* from answerd.policy_for(b.name, c.kind, c.nature, c.is_about) y where c.o_since is not null) y on true
		where (c.waiting_since is not null or c.policy_id is not null or c.alarm_at is not null)
			and not exists (select from answerd.renewal n where n.brand_id = c.brand_id)
		union all
		select c.conversation_id, case
			when c.waiting_since is not null or c.unanswered <> 0 then 'was merged and still waits'
			when s.conversation_id is null then 'was merged into ' || c.merged_into || ', which is not there'
			when s.merged_into is not null then 'was merged into ' || c.merged_into || ', which was merged itself' end
		from part c
		left join lateral (select s.conversation_id, s.merged_into from answerd.conversation s where s.conversation_id = c.merged_into
			and s.brand_id = c.brand_id limit 1) s on true
		where c.merged_into is not null
		union all
		select c.conversation_id, 'is held by somebody who is not there or is disabled' from part c
		where c.assignee_id is not null and c.assigned_until > answerd.now() and not exists (select from answerd.staff s
			where s.staff_id = c.assignee_id and s.disabled_at is null)
	)
	select (select max(conversation_id) from part), (select count(*)::int from part),
		(select array_agg('conversation ' || f.conversation_id || ' ' || f.what order by f.conversation_id)
			from (select * from found where what is not null limit 100) f)
$$;

-- The audit chains: each row's hash is that of its words, each carries the hash before, none is missing.
create or replace function answerd.verify_audit(p_brand int, p_after bigint, p_limit int, out o_last bigint, out o_n int,
	out o_findings text[]) language sql stable set search_path = pg_catalog as $$
	with part as materialized (
		select a.*, coalesce((select b.hash from answerd.audit b where b.brand_id = a.brand_id and b.seq = a.seq - 1), '') as before
		from answerd.audit a where a.brand_id = p_brand and a.seq > p_after order by a.seq limit p_limit
	), found as (
		select seq, 'row ' || seq || ' of the audit log of brand ' || p_brand || case
			when hash <> answerd.audit_hash(previous, seq, at, actor, act, object, detail) then ' was changed'
			when previous <> before then ' does not follow the one before it'
			when seq > 1 and before = '' then ' has lost the one before it' end as what
		from part
	)
	select (select max(seq) from part), (select count(*)::int from part),
		(select array_agg(what order by seq) from (select * from found where what is not null order by seq limit 100) f)
$$;

-- Small things that are checked in one go. (An identity cannot be there twice, nor a message in two places of the ledger: a
-- unique index and one CASE see to that.)
create or replace function answerd.verify_small() returns text[] language sql stable set search_path = pg_catalog as $$
	select array_agg(what order by what) from (
		select 'source ' || a.name || '/' || s.name || ' has moved without ever having been heard' as what
		from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
		where s.poll_seq > 0 and s.heard_at is null
		union all
		select 'source ' || a.name || '/' || s.name || ' claims to have heard what is still to come'
		from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
		where s.heard_until > answerd.now() + interval '5 min' or s.imported_at > answerd.now() + interval '5 min'
		union all
		select 'source ' || a.name || '/' || s.name || ' has a cursor and no page behind it'
		from answerd.source s join answerd.account a on a.account_id = s.account_id and a.brand_id = s.brand_id
		where s.poll_seq = 0 and s.poll_state <> ''
		union all
		-- What was heard: no cursor beyond an open gap, no two spans over each other, no hole that no gap speaks of.
		select 'source ' || v.account || '/' || v.source || ' claims to have heard ' || answerd.rfc3339(v.heard_from) || ' to ' || answerd.rfc3339(v.heard_until)
			|| ' twice' from answerd.coverage v join answerd.coverage w on w.source_id = v.source_id
				and (w.heard_from, w.is_going_on) > (v.heard_from, v.is_going_on) and tstzrange(v.heard_from, v.heard_until) && tstzrange(w.heard_from, w.heard_until)
		union all
		select 'gap ' || g.gap_id || ' of source ' || v.account || '/' || v.source || ' was heard, as its coverage says' from answerd.gap g
			join answerd.coverage v on v.source_id = g.source_id
			where (g.closed_at is null or g.lost_at is not null) and g.from_at is not null
				and tstzrange(g.from_at, g.until_at) && tstzrange(v.heard_from, v.heard_until)
		union all
		select 'source ' || v.account || '/' || v.source || ' was not heard between ' || answerd.rfc3339(v.heard_until) || ' and ' || answerd.rfc3339(v.next)
			|| ', and no gap says so'
			from (select *, lead(heard_from) over (partition by source_id order by heard_from) as next from answerd.coverage) v
			where v.heard_until < v.next and not tstzmultirange(tstzrange(v.heard_until, greatest(v.next, v.heard_until))) <@ (select coalesce(range_agg(tstzrange(g.from_at, g.until_at)), '{}')
				from answerd.gap g where g.source_id = v.source_id and (g.closed_at is null or g.lost_at is not null))
		union all
		select 'quarantine ' || quarantine_id || ' belongs to no source' from answerd.quarantine q
		where not exists (select from answerd.source s where s.source_id = q.source_id and s.account_id = q.account_id and s.brand_id = q.brand_id)
		union all
		select 'the newest row of the audit log of brand ' || b.brand_id || ' is older than what it speaks of' from answerd.brand b
		where exists (select from answerd.note n where n.brand_id = b.brand_id)
			and not exists (select from answerd.audit x where x.brand_id = b.brand_id)
	) x
$$;

-- verify(after) → {"ok", "findings", "next"}: works for about a second, then says where to go on; null: it is through.
-- The place is "<phase>:<a>:<b>". findings: [{"check", "text"}].
create or replace function answerd.verify(p_after text default null) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_phase text := coalesce(split_part(p_after, ':', 1), 'messages');
	v_a bigint := coalesce(substring(p_after from '^[a-z]+:([0-9]{1,18}):'), '0')::bigint;
	v_b text := coalesce(substring(p_after from '^[a-z]+:[0-9]+:(.*)$'), '');
	v_started timestamptz := clock_timestamp();
	v_findings json[] := '{}';
	v record;
	v_place record;
	v_late text[];
begin
	if p_after !~ '^(messages:[0-9]{1,9}:.*|conversations:[0-9]{1,18}:|audit:[0-9]{1,9}:[0-9]{1,18}|(small|telling):[0-9]{1,9}:[0-9]{0,9})$' then
		perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the slice before, unchanged.');
	end if;
	loop
		if v_phase = 'messages' then
			-- v_a is the account, v_b the last message of it that was looked at.
			select account_id, brand_id into v_place from answerd.account where account_id >= v_a order by account_id limit 1;
			if v_place.account_id is null then
				v_phase := 'conversations'; v_a := 0; v_b := '';
				continue;
			elsif v_place.account_id > v_a then
				v_a := v_place.account_id; v_b := '';
			end if;
			select * into v from answerd.verify_messages(v_place.brand_id, v_place.account_id, v_b, 5000);
			v_findings := v_findings || coalesce((select array_agg(json_build_object('check', 'messages', 'text', t)) from unnest(v.o_findings) t), '{}');
			if v.o_n = 5000 then
				v_b := v.o_last;
			else
				v_a := v_a + 1; v_b := '';
			end if;
		elsif v_phase = 'conversations' then
			select * into v from answerd.verify_conversations(v_a, 2000);
			v_findings := v_findings || coalesce((select array_agg(json_build_object('check', 'clocks', 'text', t)) from unnest(v.o_findings) t), '{}');
			if v.o_n = 2000 then
				v_a := v.o_last;
			else
				v_phase := 'audit'; v_a := 0; v_b := '0';
			end if;
		elsif v_phase = 'audit' then
			select * into v from answerd.verify_audit(v_a::int, v_b::bigint, 5000);
			v_findings := v_findings || coalesce((select array_agg(json_build_object('check', 'audit', 'text', t)) from unnest(v.o_findings) t), '{}');
			if v.o_n = 5000 then
				v_b := v.o_last::text;
			else
				select min(brand_id) into v_a from answerd.brand where brand_id > v_a;
				v_b := '0';
				if v_a is null then
					v_phase := 'small'; v_a := 0;
				end if;
			end if;
		elsif v_phase = 'telling' then
			-- v_a counts the looks, v_b is how much there was: whoever speaks has ten seconds for each thing less.
			v_late := coalesce(answerd.verify_telling(), '{}');
			if cardinality(v_late) = 0 or v_a > 20 then
				v_findings := v_findings || array(select json_build_object('check', 'alerts', 'text', t) from unnest(v_late) t limit 100);
				return json_build_object('ok', cardinality(v_findings) = 0, 'findings', to_json(v_findings), 'next', null);
			end if;
			v_a := case when v_b <> '' and cardinality(v_late) < v_b::int then 1 else v_a + 1 end;
			v_b := cardinality(v_late);
			perform pg_sleep(0.5);
		else
			v_findings := v_findings || coalesce((select array_agg(json_build_object('check', 'house', 'text', t))
				from unnest(answerd.verify_small()) t), '{}');
			v_findings := v_findings || coalesce((select array_agg(json_build_object('check', 'replies', 'text', t))
				from unnest(answerd.verify_replies()) t), '{}');
			v_findings := v_findings || coalesce((select array_agg(json_build_object('check', 'alerts', 'text', t))
				from unnest(answerd.verify_alerts()) t), '{}');
			v_phase := 'telling'; v_a := 0; v_b := '';
		end if;
		if clock_timestamp() - v_started > interval '1 second' then
			return json_build_object('ok', cardinality(v_findings) = 0, 'findings', to_json(v_findings),
				'next', v_phase || ':' || v_a || ':' || v_b);
		end if;
	end loop;
end $$;
