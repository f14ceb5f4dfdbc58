-- Protects the queue's order and filters, the views' promises, the explanation, and verify's eye for what is wrong.
begin;
\ir house.psql
select plan(55);
select pg_temp.clock('12:00');
select pg_temp.say('us', 'p1', '08:00', 'A new shop opens today');
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?', 'p1', false);
select pg_temp.say('dora', 'm2', '09:30', 'Open on Sunday?');
select pg_temp.say('eve', 'm3', '09:15', 'I only talk to Carl', 'm1', false);
select pg_temp.say('fred', 'm4', '09:40', 'Thank you!', p_nature => 'thanks');
select pg_temp.say('gina', 'm5', '09:45', 'acme is bad', p_named => false, p_about => true, p_kind => 'post', p_nature => 'complaint');
select pg_temp.say('hans', 'm6', '09:50', 'acme is fine', p_named => false, p_about => true, p_kind => 'post', p_nature => 'neutral');
select pg_temp.conv('m1') as c1, pg_temp.conv('m2') as c2, pg_temp.conv('m4') as c4, pg_temp.conv('m5') as c5 \gset

select is(pg_temp.queue(), array[:'c1', :'c2'], 'the plain list: to us, not only thanks, oldest first');
select is(pg_temp.queue(true), array[:'c1', :'c2', :'c4', :'c5'], 'all of it');
select is((select array_agg(conversation_id::text order by waiting_since) from answerd.queue), array[:'c1', :'c2', :'c4', :'c5'], 'the view is the whole queue');
update answerd.conversation set due_at = pg_temp.at('10:00'), warn_at = pg_temp.at('09:45'), stop_at = pg_temp.at('20:00') where conversation_id = :c2;
select is(pg_temp.queue(p_by => 'due'), array[:'c2', :'c1'], 'by due: what has a date first');
select is(pg_temp.queue(true, 'due'), array[:'c2', :'c1', :'c4', :'c5'], 'then the others by age');

-- The desk's own statements: every family of filters, against the view and a sort.
create temp table family (name text, is_due bool, is_brand bool, is_platform bool, is_mine bool, is_overdue bool);
insert into family values ('age', false, false, false, false, false), ('age_brand', false, true, false, false, false),
	('age_platform', false, false, true, false, false), ('age_brand_platform', false, true, true, false, false),
	('age_mine', false, false, false, true, false), ('overdue', false, false, false, false, true),
	('overdue_brand', false, true, false, false, true), ('overdue_all', false, false, false, false, true),
	('overdue_brand_all', false, true, false, false, true), ('due', true, false, false, false, false), ('due_brand', true, true, false, false, false),
	('due_platform', true, false, true, false, false), ('due_brand_platform', true, true, true, false, false), ('due_mine', true, false, false, true, false);
\set q `cat $ANSWERD_QUERIES/queue_age.sql`
prepare queue_age(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_age_brand.sql`
prepare queue_age_brand(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_age_platform.sql`
prepare queue_age_platform(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_age_brand_platform.sql`
prepare queue_age_brand_platform(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_age_mine.sql`
prepare queue_age_mine(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_overdue.sql`
prepare queue_overdue(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_overdue_brand.sql`
prepare queue_overdue_brand(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_overdue_all.sql`
prepare queue_overdue_all(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_overdue_brand_all.sql`
prepare queue_overdue_brand_all(int, text, bigint, bool, bool, timestamptz, bigint, bigint) as :q;
\set q `cat $ANSWERD_QUERIES/queue_due.sql`
prepare queue_due(int, text, bigint, bool, bool, timestamptz, bigint, bigint, timestamptz) as :q;
\set q `cat $ANSWERD_QUERIES/queue_due_brand.sql`
prepare queue_due_brand(int, text, bigint, bool, bool, timestamptz, bigint, bigint, timestamptz) as :q;
\set q `cat $ANSWERD_QUERIES/queue_due_platform.sql`
prepare queue_due_platform(int, text, bigint, bool, bool, timestamptz, bigint, bigint, timestamptz) as :q;
\set q `cat $ANSWERD_QUERIES/queue_due_brand_platform.sql`
prepare queue_due_brand_platform(int, text, bigint, bool, bool, timestamptz, bigint, bigint, timestamptz) as :q;
\set q `cat $ANSWERD_QUERIES/queue_due_mine.sql`
prepare queue_due_mine(int, text, bigint, bool, bool, timestamptz, bigint, bigint, timestamptz) as :q;
create function pg_temp.page(p_family text, p_brand int, p_platform text, p_mine bigint, p_all bool, p_due timestamptz, p_since timestamptz, p_id bigint,
	p_limit bigint) returns text[] language plpgsql as $$
declare
	v record;
	v_ids text[] := '{}';
begin
	for v in execute format('execute queue_%s(%L, %L, %L, %L, %L, %L, %L, %L%s)', p_family, p_brand, p_platform, p_mine, p_family like 'overdue%', p_all, p_since,
		p_id, p_limit, case when p_family like 'due%' then format(', %L', p_due) end)
	loop
		v_ids := v_ids || v.conversation_id::text;
	end loop;
	return v_ids;
end $$;
-- What a family returns page by page, two rows a page.
create function pg_temp.pages(p_family text, p_brand int, p_platform text, p_mine bigint, p_all bool) returns text[] language plpgsql as $$
declare
	v_all text[] := '{}';
	v_page text[];
	v answerd.queue_row;
begin
	for i in 1 .. 20 loop
		v_page := pg_temp.page(p_family, p_brand, p_platform, p_mine, p_all, coalesce(v.due_key, '-infinity'), coalesce(v.waiting_since, '-infinity'),
			coalesce(v.conversation_id, 0), 2);
		v_all := v_all || v_page;
		exit when cardinality(v_page) < 2;
		select * into v from answerd.queue_row where conversation_id = v_page[2]::bigint;
	end loop;
	return v_all;
end $$;
create function pg_temp.sorted(f family, p_brand int, p_platform text, p_mine bigint, p_all bool) returns text[] language sql as $$
	select coalesce(array_agg(q.conversation_id::text order by case when f.is_due then q.due_key end, q.waiting_since, q.conversation_id), '{}')
	from answerd.queue_row q where (q.is_listed or p_all) and (p_brand is null or q.brand_id = p_brand) and (p_platform is null or q.platform = p_platform)
		and (p_mine is null or (q.assignee_id = p_mine and q.is_held)) and (q.is_overdue or not f.is_overdue)
$$;
update answerd.conversation set assignee_id = pg_temp.staff('ann'), assigned_until = pg_temp.at('23:00') where conversation_id in (:c1, :c4);
update answerd.conversation set assignee_id = pg_temp.staff('bob'), assigned_until = pg_temp.at('11:00') where conversation_id = :c2;
select is(pg_temp.page('age', null, null, pg_temp.staff('bob'), true, null, '-infinity', 0, null), '{}', 'a lease that ran out holds nothing');
select is(pg_temp.page('overdue', null, null, null, false, null, '-infinity', 0, null), array[:'c2'], 'overdue');
select is(pg_temp.page('age_platform', null, 'bluesky', null, true, null, '-infinity', 0, null), '{}', 'another platform');
set enable_sort = off; -- as the desk does
select is(count(*)::int, 224, 'every family with every filter, whole and page by page, as a sort has it') from family f
cross join unnest(array[null, (select brand_id from answerd.brand)]) b cross join unnest(array[null, 'mastodon']) p cross join unnest(array[null, pg_temp.staff('ann')]) m
cross join unnest(array[false, true]) a
where (select pg_temp.page(f.name, b, p, m, a, '-infinity', '-infinity', 0, null) = pg_temp.sorted(f, b, p, m, a)
	and pg_temp.pages(f.name, b, p, m, a) = pg_temp.sorted(f, b, p, m, a))
	or (b is null and f.is_brand) or (p is null and f.is_platform) or (m is null and f.is_mine);
-- And each walks the index that was made for it, whatever statistics say.
set plan_cache_mode = force_generic_plan;
set enable_bitmapscan = off;
set enable_seqscan = off;
create function pg_temp.index_of(p_family text) returns text language plpgsql as $$
declare
	v text;
begin
	for v in execute format('explain execute queue_%s(1, ''mastodon'', 1, true, false, ''-infinity'', 0, 51%s)', p_family,
		case when p_family like 'due%' then $x$, '-infinity'$x$ end)
	loop
		if v ~ 'Index Scan using' then
			return substring(v from 'using (\w+) on conversation');
		end if;
	end loop;
	return 'no index: it sorts or scans';
end $$;
select is((select jsonb_object_agg(name, pg_temp.index_of(name)) from family where name !~ '_all$'), '{"age": "conversation_queue", "age_brand": "conversation_brand",
	"age_platform": "conversation_platform", "age_brand_platform": "conversation_brand", "age_mine": "conversation_assignee",
	"overdue": "conversation_queue", "overdue_brand": "conversation_brand",
	"due": "conversation_due", "due_platform": "conversation_due", "due_brand": "conversation_brand_due", "due_brand_platform": "conversation_brand_due",
	"due_mine": "conversation_assignee_due"}'::jsonb, 'every family that walks walks its own index');
reset plan_cache_mode;
reset enable_bitmapscan;
reset enable_seqscan;
reset enable_sort;
update answerd.conversation set assignee_id = null, assigned_until = null;
select is((select state from answerd.queue where conversation_id = :c2), 'overdue', 'states follow the dates');
select pg_temp.clock('09:50');
select is((select state from answerd.queue where conversation_id = :c2), 'warn', 'and the clock');
select pg_temp.clock('21:00');
select is((select state from answerd.queue where conversation_id = :c2), 'stopped');
select is((select state from answerd.queue where conversation_id = :c1), 'ok', 'without dates all is ok');

-- threads and explanations
select pg_temp.clock('12:00');
select is((select array_agg(t ->> 'id') from json_array_elements(answerd.show_conversation(:'c1') -> 'thread') t), array['p1', 'm1', 'm3'],
	'a thread shows what stands above it and who else speaks there');
select is((select array_agg(t ->> 'role') from json_array_elements(answerd.show_conversation(:'c1') -> 'thread') t), array['ours', 'customer', 'other']);
select is(answerd.explain_conversation(:'c1') #>> '{thread,1,why}', 'to us: it answers a message of ours; waits since 09:00');
select is(answerd.explain_conversation(:'c1') #>> '{thread,2,why}', 'overheard: to somebody else, nobody waits');
select is(answerd.explain_conversation(:'c5') #>> '{thread,0,why}', 'about us, not to us: a search found this complaint; waits since 09:45');
select pg_temp.say('us', 'b1', '10:10', 'We got your message', 'm2', p_auto => true);
select is(answerd.explain_conversation(:'c2') #>> '{thread,1,why}', 'written by a program: it answers nothing');
select is(pg_temp.queue(), array[:'c1', :'c2'], 'indeed');
select pg_temp.say('us', 'o1', '10:30', '@carl it is on its way', 'm1');
select pg_temp.say('carl', 'm7', '11:00', 'It is not here yet', 'o1');
select pg_temp.say('us', 'o2', '11:20', 'It will come at noon', 'm7');
select is(answerd.explain_conversation(:'c1') ->> 'why', 'Nobody waits: it was answered.');
select is((select merged_into from answerd.conversation_named(:'c1')), null, 'ids stay');

-- response times, talk and listen, ledger
select is((select array_agg(first_response order by waiting_since) from answerd.response_times where conversation_id = :c1),
	array['1:30'::interval, null], 'the first response');
select is((select array_agg(next_response order by waiting_since) from answerd.response_times where conversation_id = :c1),
	array[null, '0:20'::interval], 'and the next');
select is((select array_agg(actor) from answerd.response_times), array['native', 'native']);
select is((select array[replies, broadcasts] from answerd.talk_listen), array[2::bigint, 1], 'replies and broadcasts; programs are neither');
select is((select array[heard_to_us, overheard] from answerd.talk_listen), array[4::bigint, 3]);
select is(answerd.the_ledger(null, null, null, null)::jsonb - 'heard', '{"received": 5, "answered": 2, "dismissed": 0, "deleted": 0, "spam": 0, "waiting": 3, "overheard": 2}', 'the ledger');
select is((select (answered, waiting, overheard) from answerd.ledger), row(2::bigint, 3::bigint, 2::bigint), 'the view says the same');
select is((answerd.the_ledger(pg_temp.at('09:31'), pg_temp.at('09:46'), 'acme', 'acme_social') ->> 'received')::int, 2, 'a span of it');
select is(pg_temp.gone('m2'), 1);
select is((answerd.the_ledger(null, null, null, null) ->> 'deleted')::int, 1, 'a message taken back');
select is((select count(*)::int from answerd.conversation_timeline where conversation_id = :c1 and is_answer), 2);
select is((select count(*)::int from answerd.customer_timeline where customer_handle = 'carl'), 4, 'a customer''s own and what we answered');
select is((select count(*)::int from answerd.thanks_owed), 1);
select is((select heard_until from answerd.coverage where source = 'own'), pg_temp.at('12:00'));

-- who listens
select is(answerd.listening()::jsonb, '{"ok": true, "text": null, "parts": []}');
update answerd.source set failures = 2, failure = 'timeout', heard_at = pg_temp.at('11:02') where name = 'own';
select is(answerd.listening() ->> 'text', 'acme_social: not listening since 11:02 to own', 'one source is deaf');
select is(answerd.listening()::jsonb #- '{parts,0,since}' -> 'parts', '[{"code": "sources_away", "account": "acme_social", "sources": "own", "reason": null, "reason_parts": null}]', 'the same in parts');
update answerd.account set state = 'refused', state_reason = 'token revoked';
select is(answerd.listening() ->> 'text', 'acme_social: not listening since 11:02 (token revoked)', 'the account is refused');
update answerd.worker set stopped_at = now() - interval '1 min';
select alike(answerd.listening() ->> 'text', 'Nobody listens since %', 'the worker was stopped');
select is((answerd.health() ->> 'ok')::bool, false, 'so health is not ok');
select alike(answerd.metrics(), E'%answerd_waiting{brand="acme"} 2\n%answerd_oldest_wait_seconds{brand="acme"} 8400%', 'numbers');
delete from answerd.worker;
select is(answerd.listening() ->> 'text', 'Nobody listens: the worker has never run. Start answerd.');
savepoint deaf;
insert into answerd.channel (name, type, group_us, failures, failing_since, failure) values ('care', 'webhook', 1, 3, pg_temp.at('11:30'), 'refused');
select is(answerd.listening() ->> 'text', 'Nobody listens: the worker has never run. Start answerd. Alerts reach nobody: all channels fail. Channel care fails since '
	'2026-11-20 11:30 UTC (refused)', 'two sentences, one behind the other');
rollback to deaf;

-- verify sees each kind of wrong
select is(pg_temp.verified(), '[]', 'clean before');
savepoint clean;
update answerd.conversation set waiting_since = null where conversation_id = :c4;
select alike(pg_temp.verified(), '%conversation ' || :'c4' || ' waits since never and its messages say 2026-11-20T09:40%', 'a wait that was lost');
rollback to clean;
delete from answerd.conversation where conversation_id = :c4;
select alike(pg_temp.verified(), '%message m4 waits for an answer and has no conversation%');
rollback to clean;
update answerd.conversation set excerpt = 'other' where conversation_id = :c1;
select alike(pg_temp.verified(), '%conversation ' || :'c1' || ' shows other words%');
rollback to clean;
update answerd.message set root_id = 'm2' where external_id = 'm7';
select alike(pg_temp.verified(), '%message m7 is in thread m2 and should be in m1%');
rollback to clean;
update answerd.message set is_to_us = false where external_id = 'm1';
select alike(pg_temp.verified(), '%message m1 is to us and does not know it%', 'a message that is to us');
rollback to clean;
update answerd.message set customer_id = author_id where external_id = 'o2';
select alike(pg_temp.verified(), '%message o2 belongs to customer%');
rollback to clean;
update answerd.conversation set merged_into = 4711, waiting_since = null, unanswered = 0 where conversation_id = :c4;
select alike(pg_temp.verified(), '%was merged into 4711, which is not there%');
rollback to clean;
delete from answerd.message_source where external_id = 'm1';
select alike(pg_temp.verified(), '%message m1 was seen by no source%');
rollback to clean;
-- No finish(): its count is rolled back with the savepoints; the plan says how many there must be.
rollback;
