-- Protects PRODUCT's rules of what staff do: who may take, what ends a wait, what is refused, and that all of it is audited.
begin;
\ir house.psql
select plan(62);
select pg_temp.clock('10:00');
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?');
select pg_temp.say('dora', 'm2', '09:30', 'Do you open on Sunday?');
select pg_temp.conv('m1') as c1, pg_temp.conv('m2') as c2 \gset
select is(pg_temp.queue(), array[:'c1', :'c2'], 'both wait, oldest first');

-- take, give
select is(answerd.take(:'c1', pg_temp.staff('ann'), '8h') ->> 'assignee', 'ann', 'Ann takes it');
select throws_like(format('select answerd.take(%L, pg_temp.staff(''bob''), ''8h'')', :'c1'), 'Ann Ash has held conversation % since 2026-11-20 10:00 UTC.%', 'Bob hears who has it and since when');
select throws_ok(format('select answerd.take(%L, pg_temp.staff(''bob''), ''8h'')', :'c1'), 'AN409');
select is(answerd.take(:'c1', pg_temp.staff('ann'), '8h') ->> 'assignee', 'ann', 'taking one''s own again renews it');
select throws_ok(format('select answerd.give(%L, pg_temp.staff(''bob''), ''bob'', ''8h'')', :'c1'), 'AN403', null, 'Bob may not give away what Ann holds');
select is(answerd.give(:'c1', pg_temp.staff('lea'), 'bob', '8h') ->> 'assignee', 'bob', 'a lead may');
select throws_ok(format('select answerd.give(%L, pg_temp.staff(''bob''), ''nobody'', ''8h'')', :'c1'), 'AN404');
select is(answerd.give(:'c1', pg_temp.staff('bob'), null, '8h') ->> 'assignee', null, 'back to the queue');
select is(pg_temp.queue(), array[:'c1', :'c2'], 'who holds it changes nothing about the wait');
select answerd.take(:'c2', pg_temp.staff('ann'), '8h') is not null;
select is(pg_temp.queue(p_mine => pg_temp.staff('ann')), array[:'c2'], 'mine');
select pg_temp.clock('19:00');
select is(pg_temp.queue(p_mine => pg_temp.staff('ann')), '{}'::text[], 'an assignment is a lease: after eight hours it is nobody''s');
select is(answerd.take(:'c2', pg_temp.staff('bob'), '8h') ->> 'assignee', 'bob', 'and anybody may take it');
select answerd.staff_disable(pg_temp.staff('admin'), 'bob') is not null;
select is((select assignee_id from answerd.conversation where conversation_id = :'c2'), null, 'what a disabled person held is free at once');
select throws_ok(format('select answerd.give(%L, pg_temp.staff(''lea''), ''bob'', ''8h'')', :'c2'), 'AN409', null, 'nothing goes to a disabled person');
select is(pg_temp.verified(), '[]', 'verify is clean');

-- snooze
select pg_temp.clock('10:00');
select isnt(answerd.snooze(:'c1', pg_temp.staff('ann'), '2h') ->> 'snoozed_until', null, 'asleep');
select is(pg_temp.queue(), array[:'c2'], 'what sleeps is not in the plain list');
select is(pg_temp.queue(true), array[:'c1', :'c2'], 'but in the whole one, at its old place: the clock runs on');
select is(answerd.snooze(:'c1', pg_temp.staff('ann'), '0') ->> 'snoozed_until', null, '0 wakes it');
select is(pg_temp.queue(), array[:'c1', :'c2']);
select answerd.snooze(:'c1', pg_temp.staff('ann'), '2h') is not null;
select pg_temp.clock('12:01');
select is(pg_temp.queue(), array[:'c1', :'c2'], 'it wakes by itself');
select answerd.snooze(:'c1', pg_temp.staff('ann'), '2h') is not null;
select pg_temp.say('carl', 'm3', '12:01', 'Hello? Anybody?', 'm1');
select is(pg_temp.queue(), array[:'c1', :'c2'], 'a new message wakes it, with its old date');
select throws_ok(format('select answerd.snooze(%L, pg_temp.staff(''ann''), ''two hours'')', :'c1'), 'AN400');

-- note, tag: nothing about the wait
select is(answerd.add_note(:'c1', pg_temp.staff('ann'), 'She called as well.') ->> 'by', 'ann', 'a note');
select throws_ok(format('select answerd.add_note(%L, pg_temp.staff(''ann''), '' '')', :'c1'), 'AN400');
select is(answerd.tag(:'c1', pg_temp.staff('ann'), 'parcel', null) ->> 'tags', '["parcel"]');
select is(answerd.tag(:'c1', pg_temp.staff('ann'), 'angry', null) ->> 'tags', '["angry","parcel"]');
select is(answerd.tag(:'c1', pg_temp.staff('ann'), null, 'angry') ->> 'tags', '["parcel"]');
select throws_ok(format('select answerd.tag(%L, pg_temp.staff(''ann''), null, ''angry'')', :'c1'), 'AN404');
select is((select waiting_since from answerd.conversation where conversation_id = :'c1'), pg_temp.at('09:00'), 'none of it touched the wait');

-- nature
select is(answerd.correct_nature(:'c1', pg_temp.staff('ann'), 'thanks') ->> 'nature', 'thanks', 'a person knows better');
select is(pg_temp.queue(), array[:'c2'], 'only thanks: not in the plain list');
select is((select count(*)::int from answerd.thanks_owed), 1, 'but in the thanks lane');
select is(answerd.correct_nature(:'c1', pg_temp.staff('ann'), 'complaint') ->> 'nature', 'complaint');
select throws_ok(format('select answerd.correct_nature(%L, pg_temp.staff(''ann''), ''angry'')', :'c1'), 'AN400');

-- dismiss
select throws_ok(format('select answerd.dismiss(%L, pg_temp.staff(''ann''), ''  '')', :'c1'), 'AN400', null, 'closing without a reason is refused');
select throws_ok(format('select answerd.dismiss(%L, pg_temp.staff(''ann''), ''seen'', 1)', :'c1'), 'AN409', null, 'so is closing what has changed since one looked');
select is(answerd.dismiss(:'c1', pg_temp.staff('ann'), 'answered by telephone') ->> 'waiting_since', null, 'dismissed');
select throws_like(format('select answerd.dismiss(%L, pg_temp.staff(''lea''), ''me too'')', :'c1'), 'Nobody waits in conversation % any more: Ann Ash said at 12:01 that no reply is needed.', 'the second hears what happened');
select is(answerd.the_ledger(null, null, null, null)::jsonb - 'heard', '{"received": 3, "answered": 0, "dismissed": 2, "deleted": 0, "spam": 0, "waiting": 1, "overheard": 0}'::jsonb, 'counted apart from answered');
select pg_temp.say('carl', 'm4', '12:01', 'And another thing', 'm3');
select is((select waiting_since from answerd.conversation where conversation_id = :'c1'), pg_temp.at('12:01'), 'what comes after waits again');
select answerd.dismiss(:'c2', pg_temp.staff('ann'), 'spam') is not null;
select is((answerd.the_ledger(null, null, null, null) ->> 'spam')::int, 1, 'spam has its own count');
select is(pg_temp.verified(), '[]', 'verify is clean');

-- our reply, deletions
select pg_temp.say('us', 'o1', '12:01', 'On its way!', 'm4');
select is(pg_temp.queue(true), '{}'::text[], 'all answered');
select throws_like(format('select answerd.dismiss(%L, pg_temp.staff(''ann''), ''x'')', :'c1'), '%it was answered.', 'and said so');
select is((answerd.explain_conversation(:'c1') #>> '{thread,2,why}') like '%answered at 12:01 by our message o1 (native)', true, 'explain names the answer, and who gave it');
select is(pg_temp.gone('o1'), 1, 'our answer is deleted on the platform');
select is(pg_temp.queue(), array[:'c1'], 'and the customer waits again');
select is(answerd.show_conversation(:'c1') #>> '{thread,3,text}', '[deleted]', 'deleted words are gone');
select is(answerd.show_conversation(:'c1') ->> 'id', :'c1', 'show begins with the entry');
select is(json_array_length(answerd.show_conversation(:'c1') -> 'notes'), 2, 'the note and the reason');

-- not there
select throws_like($$select answerd.take('4711', 1, '8h')$$, 'There is no conversation 4711. answer queue lists them.');
select throws_ok($$select answerd.take('4711', 1, '8h')$$, 'AN404');
select throws_ok($$select answerd.show_conversation('1; drop table x')$$, 'AN404');

-- audit
select is((select count(*) > 15 from answerd.audit), true, 'all of it is in the audit log');
select is((select count(*)::int from answerd.audit where detail::text ~ 'telephone|called'), 0, 'which holds no personal text');
update answerd.audit set act = 'nothing' where seq = 3 and brand_id <> 0;
select alike(pg_temp.verified(), '%row 3 of the audit log % was changed%', 'a changed row is found');
update answerd.audit set act = 'give' where seq = 3 and brand_id <> 0;
delete from answerd.audit where seq = 4 and brand_id <> 0;
select alike(pg_temp.verified(), '%row 5 of the audit log % does not follow%', 'so is one that is missing');

-- keys
select is(coalesce(answerd.replayed('k1', 1, 'r'), answerd.remembered('k1', 1, 'r', '{"n": 1}')), '{"n": 1}', 'a new key is done');
select is(coalesce(answerd.replayed('k1', 1, 'r'), answerd.remembered('k1', 1, 'r', '{"n": 2}')), '{"n": 1}', 'an old key is replayed');
select throws_ok($$select answerd.replayed('k1', 1, 'another')$$, 'AN409', null, 'one key is one request');
select * from finish();
rollback;
