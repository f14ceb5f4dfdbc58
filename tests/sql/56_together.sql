-- Protects what staff do together: two conversations become one (the older start wins, an answer covers both, and what comes later stays
-- with it), a dismissal is taken back, notes that name a colleague, the draft that the box keeps, and a reply taken back in time (I2, I3).
begin;
\ir house.psql
select plan(77);
select pg_temp.clock('10:00');
select answerd.declare_replies('{"brands": [{"name": "acme", "sign": true, "approval": false, "repeat_limit": 5, "accounts": [
	{"name": "acme_social", "is_able": true, "answers": ["mention", "reply", "direct"], "window_s": 86400, "key_valid_s": 3600, "has_lookup": true,
	"settle_us": 30000000, "every_us": 60000000}]}]}') is not null;
select set_config('test.sender', (answerd.respond_begin('w1', 0)).o_sender::text, false) is not null;
create function pg_temp.claimed() returns text[] language sql as $$ select coalesce(array_agg(reply_id::text order by reply_id), '{}')
	from answerd.respond_claim(current_setting('test.sender')::int, '{acme}', '{acme_social}', '{8}') where what = 'post' $$;
create function pg_temp.refused(p_sql text) returns text language plpgsql as $$
begin
	execute p_sql;
	return 'done';
exception when others then
	return sqlstate || ' ' || sqlerrm;
end $$;

-- merge
select pg_temp.say('us', 'p1', '07:00', 'A post of ours');
select pg_temp.say('carl', 'a1', '08:00', 'Where is my parcel?', 'p1');
select pg_temp.say('carl', 'b1', '09:00', 'And nobody answers!');
select pg_temp.say('dora', 'b2', '09:10', 'I wait as well', 'b1');
select pg_temp.say('emil', 'e1', '09:20', 'Hello?');
select pg_temp.conv('a1') as ca, pg_temp.conv('b1') as cb, pg_temp.conv('b2') as cd, pg_temp.conv('e1') as ce \gset
select answerd.tag(:'cb', pg_temp.staff('ann'), 'angry', null) is not null;
select answerd.add_note(:'cb', pg_temp.staff('ann'), 'On the telephone, too.') is not null;
select alike(pg_temp.refused(format('select answerd.merge(%L, %L, pg_temp.staff(''ann''))', :'ca', :'ca')), 'AN409 Conversation % is one already.');
select alike(pg_temp.refused(format('select answerd.merge(%L, %L, pg_temp.staff(''ann''))', :'ca', :'ce')), 'AN409 % different customers%', 'never two customers');
select alike(pg_temp.refused(format('select answerd.merge(%L, ''4711'', pg_temp.staff(''ann''))', :'ca')), 'AN404 %');
select alike(pg_temp.refused(format('select answerd.merge(%L, %L, pg_temp.staff(''ann''), 1000)', :'ca', :'cb')), 'AN409 % has changed meanwhile%');
select is(answerd.merge(:'cb', :'ca', pg_temp.staff('ann')) ->> 'id', :'ca', 'the older row keeps its id, whichever is named first');
select is((select waiting_since from answerd.conversation where conversation_id = :'ca'), pg_temp.at('08:00'), 'the older start wins');
select is((select unanswered from answerd.conversation where conversation_id = :'ca'), 2, 'both messages wait in it');
select is(answerd.show_conversation(:'cb') ->> 'id', :'ca', 'the old id leads to it');
select is(answerd.show_conversation(:'ca') ->> 'tags', '["angry"]', 'tags follow');
select is(json_array_length(answerd.show_conversation(:'ca') -> 'notes'), 1, 'notes follow');
select is((select array_agg(x ->> 'id') from json_array_elements(answerd.show_conversation(:'ca') -> 'thread') x), '{p1,a1,b1,b2}', 'one thread, our post above it');
select is(pg_temp.conv('b2'), :'cd', 'Dora keeps her own conversation');
select is((select waiting_since from answerd.conversation where conversation_id = :'cd'), pg_temp.at('09:10'), 'and her wait');
select is(pg_temp.queue(), array[:'ca', :'cd', :'ce'], 'one entry less');
select is(pg_temp.verified(), '[]', 'verify is clean');
select pg_temp.say('carl', 'b3', '09:30', 'Still nothing', 'b1');
select is(pg_temp.conv('b3'), :'ca', 'what comes below the joined thread later belongs to it');
select pg_temp.say('carl', 'b4', '09:31', 'Nor here', 'b2');
select is(pg_temp.conv('b4'), :'ca', 'also below somebody else''s words there');
select alike(pg_temp.refused(format('select answerd.merge(%L, %L, pg_temp.staff(''ann''))', :'ca', :'cb')), 'AN409 Conversation % is one already.', 'not twice');
select is((select array_agg(t.subject order by t.subject) from answerd.account a cross join lateral (
	select * from answerd.threads_due(a.brand_id, a.account_id, 16)) t where t.root = 'a1'), null, 'nothing is due to be read yet');
select pg_temp.clock('10:30');
select is((select array_agg(t.subject order by t.subject) from answerd.account a cross join lateral (
	select * from answerd.threads_due(a.brand_id, a.account_id, 16)) t where t.root = 'a1'), '{a1,b1}', 'both tops of the thread are read again');
select pg_temp.say('us', 'o1', '10:30', 'All on its way, Carl.', 'b4');
select is((select waiting_since from answerd.conversation where conversation_id = :'ca'), null, 'one answer covers both');
select isnt((select waiting_since from answerd.conversation where conversation_id = :'cd'), null, 'and nobody else''s');
select is(pg_temp.gone('o1'), 1, 'the answer is deleted');
select is((select waiting_since from answerd.conversation where conversation_id = :'ca'), pg_temp.at('08:00'), 'and the older start is back');
select is(pg_temp.verified(), '[]', 'verify is clean');
-- a thread that the platform itself names
select pg_temp.say('carl', 'd1', '10:00', 'I write to you here as well', p_kind => 'direct', p_thread => 'dm-7');
select is(answerd.merge(:'ca', pg_temp.conv('d1'), pg_temp.staff('ann')) ->> 'messages', '5', 'a third one joins');
select pg_temp.say('carl', 'd2', '10:20', 'Hello?', p_kind => 'direct', p_thread => 'dm-7');
select is(pg_temp.conv('d2'), :'ca', 'what the platform puts into the joined thread goes on to it');
select is((select count(*)::int from answerd.conversation where root_id = 'dm-7' and merged_into is null), 0, 'and no empty conversation stands there');
select is(answerd.reply_make(:'ca', pg_temp.staff('ann'), 'Sorry, Carl.', null, false, false, array['Sorry, Carl.']) ->> 'parent', 'd2', 'a reply answers the newest');
select is(pg_temp.claimed(), (select array_agg(reply_id::text) from answerd.reply), 'and goes');
select is((select answerd.reply_outcome(brand_id, reply_id, (select max(attempt_id) from answerd.attempt), 'sent', 'o2', null, null, 0) from answerd.reply), 'sent');
select is((select root_id from answerd.message where external_id = 'o2'), 'a1', 'our message stands in the one thread');
select is(pg_temp.queue(), array[:'cd', :'ce'], 'and Carl waits no more');
select is(pg_temp.verified(), '[]', 'verify is clean');
select pg_temp.say('us', 'o2', '10:30', 'Sorry, Carl.', 'd2', p_kind => 'direct', p_thread => 'dm-7', p_peer => 'carl');
select is((select root_id from answerd.message where external_id = 'o2'), 'a1', 'also when the platform brings it');
select is(pg_temp.verified(), '[]', 'verify is clean');
-- two people in both threads: one answer must not cover the other's words
select pg_temp.say('fred', 'f1', '09:00', 'Question one');
select pg_temp.say('gina', 'f2', '09:01', 'Mine, too', 'f1');
select pg_temp.say('fred', 'g1', '09:02', 'Question two');
select pg_temp.say('gina', 'g2', '09:03', 'Mine, again', 'g1');
select alike(pg_temp.refused(format('select answerd.merge(%L, %L, pg_temp.staff(''ann''))', pg_temp.conv('f1'), pg_temp.conv('g1'))), 'AN409 Gina speaks in both threads%');
update answerd.message set merged_root = null where external_id = 'b1';
select alike(pg_temp.verified(), '%message b1 is in thread a1 and should be in b1%', 'verify knows who joined it');
update answerd.message set merged_root = 'a1' where external_id = 'b1';
insert into answerd.thread_join select brand_id, account_id, 1, now(), 'e1', 'a1' from answerd.account;
select alike(pg_temp.verified(), '%message e1 stayed in thread e1, which a person joined%', 'and what was left behind');
delete from answerd.thread_join where root_id = 'e1';

-- dismissed, and taken back
select answerd.dismiss(:'ce', pg_temp.staff('ann'), 'only hello') is not null;
select is(answerd.undismiss(:'ce', pg_temp.staff('bob')) ->> 'waiting_since', '2026-11-20T09:20:00.000000Z', 'waits again, since when it ever did');
select is(pg_temp.verified(), '[]', 'verify is clean');
select alike(pg_temp.refused(format('select answerd.undismiss(%L, pg_temp.staff(''bob''))', :'ce')), 'AN409 Nothing in conversation % is dismissed.', 'once');
select is((answerd.the_ledger(null, null, null, null) ->> 'dismissed')::int, 0, 'the ledger does not count it');

-- notes that name somebody
select is(answerd.add_note(:'ce', pg_temp.staff('ann'), '@bob, @Lea: mail@ann and @nobody. @ann @bob') ->> 'mentions', '["bob", "lea"]', 'who is there, others than oneself, once');
select is(answerd.notes_mine(pg_temp.staff('bob'), true, null, null) ->> 'unseen', '1', 'Bob has one to read');
select is(answerd.notes_mine(pg_temp.staff('bob'), true, null, null) #>> '{items,0,conversation}', :'ce');
select is(answerd.notes_mine(pg_temp.staff('ann'), false, null, null) ->> 'unseen', '0');
select is(answerd.notes_seen(:'ce', pg_temp.staff('bob')) ->> 'seen', '1');
select is(answerd.notes_seen(:'ce', pg_temp.staff('bob'))::text, '{"seen" : 0, "unseen" : 0}', 'twice is the same as once');
select is(json_array_length(answerd.notes_mine(pg_temp.staff('bob'), true, null, null) -> 'items'), 0, 'read');
select is(json_array_length(answerd.notes_mine(pg_temp.staff('bob'), false, null, null) -> 'items'), 1, 'and kept');
select is(answerd.give(:'ce', pg_temp.staff('ann'), 'bob', '8h', null, 'You know her.') ->> 'assignee', 'bob', 'given with a reason');
select is(answerd.notes_mine(pg_temp.staff('bob'), true, null, null) #>> '{items,0,text}', 'Given to Bob Birch: You know her.', 'which Bob finds');
select is((select count(*)::int from answerd.audit where detail::text ~ 'know|nobody'), 0, 'and the audit log holds none of it');

-- the draft of the box
select count(*) as n_audit from answerd.audit \gset
select answerd.draft_keep(:'ce', pg_temp.staff('ann'), 'Dear Em') is not null;
select is(answerd.draft_keep(:'ce', pg_temp.staff('ann'), 'Dear Emil') #>> '{draft,text}', 'Dear Emil', 'kept while one types');
select is((select count(*)::int from answerd.reply where state = 'draft'), 1, 'one draft a conversation and person');
select answerd.draft_keep(:'ce', pg_temp.staff('bob'), 'Hi!') is not null;
select is(answerd.show_conversation(:'ce', pg_temp.staff('ann')) #>> '{answering,draft,text}', 'Dear Emil', 'each their own');
select is((select count(*) from answerd.audit), :'n_audit'::bigint, 'no act');
select is(answerd.draft_keep(:'ce', pg_temp.staff('bob'), ' ') ->> 'draft', null, 'empty: thrown away');
select is((select count(*)::int from answerd.reply where state = 'draft'), 1);
select is((select waiting_since is not null from answerd.conversation where conversation_id = :'ce'), true, 'and nobody is answered by it');

-- sent, and taken back in time
select answerd.show_conversation(:'ce', pg_temp.staff('ann')) #>> '{answering,draft,id}' as r, version as v from answerd.conversation where conversation_id = :'ce' \gset
select alike(pg_temp.refused(format('select answerd.reply_send(%L, pg_temp.staff(''ann''), ''Dear Emil!'', false, false, array[''Dear Emil!''], 1, 10)', :'r')), 'AN409 % has changed meanwhile%', 'somebody did something');
select answerd.reply_send(:'r', pg_temp.staff('ann'), 'Dear Emil!', false, false, array['Dear Emil! (1/2)', 'x (2/2)'], :'v', 10) ->> 'id' as r \gset
select is(pg_temp.claimed(), '{}'::text[], 'it stays in the house for ten seconds');
select is((select answerd.reply_json(r) ->> 'can_undo' from answerd.reply r where reply_id = :'r'), 'true');
select alike(pg_temp.refused(format('select answerd.reply_undo(%L, pg_temp.staff(''bob''))', :'r')), 'AN403 Reply % is Ann Ash''s.', 'only its author''s');
select is(answerd.reply_undo(:'r', pg_temp.staff('ann')) ->> 'state', 'draft', 'taken back');
select is(answerd.show_conversation(:'ce', pg_temp.staff('ann')) #>> '{answering,draft,text}', 'Dear Emil!', 'with its words');
select pg_temp.clock('10:31');
select is(pg_temp.claimed(), '{}'::text[], 'and it never goes');
select alike(pg_temp.refused(format('select answerd.reply_undo(%L, pg_temp.staff(''ann''))', :'r')), 'AN409 It is too late: reply % is draft.');
select answerd.reply_send(:'r', pg_temp.staff('ann'), null, false, false, array['Dear Emil!'], null, 10) ->> 'id' as r \gset
select pg_temp.clock('10:32');
select is(pg_temp.claimed(), array[:'r'], 'then it goes');
select alike(pg_temp.refused(format('select answerd.reply_undo(%L, pg_temp.staff(''ann''))', :'r')), 'AN409 It is too late: reply % is posting.', 'and cannot be taken back any more');
select is((select answerd.reply_outcome(brand_id, reply_id, (select max(attempt_id) from answerd.attempt), 'unsent', null, null, 'no route', 0) from answerd.reply where reply_id = :'r'), 'queued');
select alike(pg_temp.refused(format('select answerd.reply_undo(%L, pg_temp.staff(''ann''))', :'r')), 'AN409 It is too late: reply % is on its way.', 'nor once it was tried');
select is(answerd.verify_replies(), null, 'verify is clean');
-- what the box must know
select is(answerd.show_conversation(:'ce', pg_temp.staff('ann')) #>> '{answering,until}', '2026-11-21T09:20:00.000000Z', 'until when the platform takes a reply');
select is(answerd.show_conversation(:'ce', pg_temp.staff('ann')) #>> '{answering,signature}', 'Ann');
select is(answerd.show_customer((select customer_id::text from answerd.conversation where conversation_id = :'ca'), 10) #>> '{counts,answers}', '1', 'the person: what was between us');
select * from finish();
rollback;
