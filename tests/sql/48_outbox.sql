-- Protects the outbox (RELIABILITY I3): intent first, one live attempt, who may look and who may send again, and that a wait ends only
-- when the platform has confirmed.
begin;
\ir house.psql
select plan(98);
create function pg_temp.state(p_reply text) returns text language sql as $$ select state::text from answerd.reply where reply_id = p_reply::bigint $$;
create function pg_temp.reply(p_id text, p_who text, p_text text, p_version int default null, p_also bool default false, p_parts int default 1) returns text
language sql as $$
	select answerd.reply_make(pg_temp.conv(p_id), pg_temp.staff(p_who), p_text, p_version, p_also, false,
		case when p_parts = 1 then array[p_text] else array(select p_text || ' (' || i || '/' || p_parts || ')' from generate_series(1, p_parts) i) end) ->> 'id'
$$;
create function pg_temp.claim(p_room int default 8, p_flying bigint[] default null) returns table (what text, attempt_id bigint, reply_id bigint) language sql as $$
	select what, attempt_id, reply_id from answerd.respond_claim(current_setting('test.sender')::int, '{acme}', '{acme_social}', array[p_room], 1000, p_flying)
	where what <> 'wait'
$$;
create function pg_temp.outcome(p_reply text, p_outcome text, p_id text default null, p_why text default null) returns text language sql as $$
	select answerd.reply_outcome(r.brand_id, r.reply_id, (select max(attempt_id) from answerd.attempt t where t.reply_id = r.reply_id), p_outcome,
		p_id, 'https://social.example/@acme/' || p_id, p_why, 0)
	from answerd.reply r where r.reply_id = p_reply::bigint
$$;
create function pg_temp.looked(p_reply text, p_id text default null, p_failure text default null) returns text language sql as $$
	select answerd.reply_looked(r.brand_id, r.reply_id, current_setting('test.sender')::int, p_id, null, p_failure) from answerd.reply r
	where r.reply_id = p_reply::bigint
$$;
select pg_temp.clock('10:00');
select is(answerd.declare_replies('{"brands": [{"name": "acme", "sign": false, "approval": false, "repeat_limit": 5, "accounts": [
	{"name": "acme_social", "is_able": true, "answers": ["mention", "reply", "direct"], "window_s": 0, "key_valid_s": 3600, "has_lookup": true,
	"settle_us": 30000000, "every_us": 60000000}]}]}'), 1::bigint, 'the account can reply');
select set_config('test.sender', (answerd.respond_begin('w1', 0)).o_sender::text, false) is not null;
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?');
select pg_temp.say('dora', 'm2', '09:30', 'Do you open on Sunday?');
select pg_temp.say('emil', 'm3', '09:40', 'Is it waterproof?');

-- the key
select is(answerd.tid('2024-01-01Z', 5), '3khuwc44c2227', 'keys are 13 digits in the order of time');
select ok(answerd.tid('2026-11-20 10:00Z', 1) < answerd.tid('2026-11-20 10:00:00.000001Z', 0), 'a later one sorts behind');

-- the plain way
select is(answerd.entry(c) ->> 'can_reply', 'true', 'can be answered') from answerd.conversation c where conversation_id::text = pg_temp.conv('m1');
select pg_temp.reply('m1', 'ann', 'It comes tomorrow, Carl.') as r1 \gset
select is(pg_temp.state(:'r1'), 'queued');
select is(pg_temp.queue(), array[pg_temp.conv('m1'), pg_temp.conv('m2'), pg_temp.conv('m3')], 'queued ends no wait');
select throws_like(format('select pg_temp.reply(''m1'', ''bob'', %L)', 'Tomorrow!'), 'Somebody was faster: Ann Ash answered at % (reply %, queued): "It comes tomorrow, Carl.". To send yours as well: --also.', 'the second of two hears what happened');
select throws_ok(format('select pg_temp.reply(''m1'', ''bob'', %L, 1)', 'Tomorrow!'), 'AN409', null, 'compared and set: the version that Bob saw is gone');
select is((select count(*) from pg_temp.claim()), 1::bigint, 'claimed');
select is(pg_temp.state(:'r1'), 'posting');
select is((select count(*)::int from answerd.attempt where ended_at is null), 1, 'the intent stands before the first byte');
select throws_ok(format('insert into answerd.attempt (brand_id, reply_id, sender_id, until) select brand_id, reply_id, 1, now() from answerd.reply where reply_id = %s', :'r1'), '23505', null, 'one live attempt');
select is((select count(*) from pg_temp.claim()), 0::bigint, 'nobody claims it twice');
select is((select count(*) from pg_temp.claim(8, array(select attempt_id from answerd.attempt))), 0::bigint, 'what is on its way is not touched');
select is((select array_agg(what) from pg_temp.claim(8, '{}')), array['post'], 'an intent that was not confirmed to its sender was not begun, and is claimed anew');
select is((select array_agg(outcome order by attempt_id) from answerd.attempt), array['unsent', null], 'at no time two of them');
select is(pg_temp.outcome(:'r1', 'sent', 'p1'), 'sent');
select is(pg_temp.queue(), array[pg_temp.conv('m2'), pg_temp.conv('m3')], 'confirmed: the wait is over');
select is((select array[hash::text, direction::text, parent_id, body] from answerd.message where external_id = 'p1'), array['0', 'outbound', 'm1', 'It comes tomorrow, Carl.'], 'our message stands in the house');
select is((select actor from answerd.response_times), 'ann', 'the report knows who answered');
select is((select array_agg(s ->> 'actor') from json_array_elements(answerd.show_conversation(pg_temp.conv('m1')) -> 'thread') s), array[null, 'ann'], 'so does whoever looks at the conversation');
select matches(answerd.explain_conversation(pg_temp.conv('m1')) #>> '{thread,0,why}', 'by our message p1 \(ann\)', 'and who asks why nobody waits');
select matches(answerd.explain_conversation(pg_temp.conv('m1')) #>> '{thread,1,why}', 'it ends the wait for everything before it; written by ann$', 'of the answer, too');
select is(pg_temp.outcome(:'r1', 'unknown', null, 'late'), 'sent', 'a late doubt changes nothing');
select is(pg_temp.verified(), '[]', 'verify is clean');
select pg_temp.say('us', 'p1', '10:00', '@carl It comes tomorrow, Carl.', 'm1');
select is((select array_agg(body) from answerd.message where external_id = 'p1'), array['@carl It comes tomorrow, Carl.'], 'the poll brings it: still one message, in the platform''s words');
select is((select count(*)::int from answerd.message_revision), 0, 'nobody edited it');
select is(pg_temp.state(:'r1'), 'sent');
select is((select actor from answerd.response_times), 'ann');
select throws_like($$select pg_temp.reply('m1', 'bob', 'Hello')$$, 'Nobody waits in conversation % any more: Ann Ash answered at %', 'and who comes later still hears it');
select is(pg_temp.verified(), '[]');
select is(pg_temp.gone('p1'), 1, 'our answer is deleted on the platform');
select is(pg_temp.queue(), array[pg_temp.conv('m1'), pg_temp.conv('m2'), pg_temp.conv('m3')], 'the customer waits again');

-- unknown: looked for, found
select pg_temp.reply('m2', 'ann', 'No, we are closed.') as r2 \gset
select count(*) from pg_temp.claim();
select is(pg_temp.outcome(:'r2', 'unknown', null, 'timeout'), 'unknown');
select is(pg_temp.queue(), array[pg_temp.conv('m1'), pg_temp.conv('m2'), pg_temp.conv('m3')], 'unknown ends no wait');
select is((select count(*) from pg_temp.claim()), 0::bigint, 'nothing before the settle time');
select throws_ok(format('select answerd.reply_retry(%L, pg_temp.staff(''ann''))', :'r2'), 'AN409', null, 'never a bare retry');
update answerd.test_clock set shift = shift + interval '31 s';
select is((select array_agg(what) from pg_temp.claim()), array['look'], 'then it is looked for');
select is(pg_temp.state(:'r2'), 'reconciling');
select is(pg_temp.looked(:'r2', 'p2'), 'sent', 'found: sent');
select is(pg_temp.queue(), array[pg_temp.conv('m1'), pg_temp.conv('m3')]);

-- unknown: not there in three looks, the sender said itself that its attempt is over: again under the same key
select pg_temp.reply('m3', 'ann', 'To ten metres.') as r3 \gset
select key as k3 from answerd.reply where reply_id = :'r3' \gset
select count(*) from pg_temp.claim();
select pg_temp.outcome(:'r3', 'unknown', null, 'reset') is not null;
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'r3'), 'reconciling', 'once is not enough');
select is((select count(*) from pg_temp.claim()), 0::bigint, 'the next look has its time');
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'r3'), 'reconciling', 'nor is it over before three settle times');
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'r3'), 'queued', 'then it goes again by itself');
select is((select key from answerd.reply where reply_id = :'r3'), :'k3', 'under the same key');
select is((select array_agg(what) from pg_temp.claim()), array['post']);
-- its session dies
update answerd.attempt set sender_id = 999999 where reply_id = :'r3' and ended_at is null;
select is((select count(*) from pg_temp.claim()), 0::bigint);
select is(pg_temp.state(:'r3'), 'unknown', 'its lock is free: the heir looks at once');
select is((select outcome from answerd.attempt where reply_id = :'r3' order by attempt_id desc limit 1), 'lost');
-- the platform cannot be read
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'r3', null, '503'), 'reconciling', 'a look that failed counts for nothing');
select is((select looks from answerd.reply where reply_id = :'r3'), 0);
update answerd.test_clock set shift = shift + interval '13 min';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'r3', null, '503'), 'needs_human', 'unreadable for 12 minutes: a person decides');
select is((select count(*)::int from answerd.alert where key = 'reply:' || :'r3' and over_at is null), 1, 'and is told');
select throws_ok(format('select answerd.reply_retry(%L, pg_temp.staff(''ann''))', :'r3'), 'AN409');
select is(pg_temp.verified(), '[]');
select is(answerd.reply_not_there(:'r3', pg_temp.staff('ann')) ->> 'state', 'queued', 'a person looked: not there');
select is((select count(*)::int from answerd.alert where key = 'reply:' || :'r3' and over_at is null), 0);
-- frozen: the lock is held (this very session holds it, under another number) and the lease is over
select count(*) from pg_temp.claim();
select (answerd.respond_begin('w2', 0)).o_sender as other \gset
update answerd.attempt set sender_id = :other, until = now() - interval '1 s' where reply_id = :'r3' and ended_at is null;
select count(*) from pg_temp.claim();
select is((select outcome from answerd.attempt where reply_id = :'r3' order by attempt_id desc limit 1), 'frozen');
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim(); select pg_temp.looked(:'r3') is not null;
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim(); select pg_temp.looked(:'r3') is not null;
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'r3'), 'needs_human', 'a holder that is alive but frozen ends with a person');
select is(answerd.reply_replied(:'r3', 'https://social.example/@acme/p3', pg_temp.staff('bob')) ->> 'state', 'sent', 'somebody saw it there');
select is(pg_temp.queue(), array[pg_temp.conv('m1')], 'and the wait is over');
select is(pg_temp.verified(), '[]');
select pg_temp.say('us', 'p3', '10:20', '@emil To ten metres.', 'm3');
select answerd.respond_chores() is null;
select is((select external_id from answerd.reply where reply_id = :'r3'), 'p3', 'the poll brings it: matched');
select is((select count(*)::int from answerd.message where external_id like 'replied:%'), 0);
select is(pg_temp.verified(), '[]');

-- refused, limited, let in again
select pg_temp.reply('m1', 'ann', 'Sorry, here it is again.') as r4 \gset
select count(*) from pg_temp.claim();
select is(pg_temp.outcome(:'r4', 'refused', null, 'too long (422)'), 'failed_visible');
select is(answerd.reply_retry(:'r4', pg_temp.staff('ann')) ->> 'state', 'queued', 'a refused one may go again');
select count(*) from pg_temp.claim();
select is(pg_temp.outcome(:'r4', 'auth', null, '401'), 'queued', 'not let in: it stays queued');
select is(answerd.reply_hindrance(brand_id, account_id) like 'The platform does not let us post since %: 401.', true, 'why_not says it') from answerd.account;
select is((select count(*)::int from answerd.alert where key like 'posting:%' and over_at is null), 1);
select is((select count(*) from pg_temp.claim()), 0::bigint, 'posting is paused');
update answerd.test_clock set shift = shift + interval '61 s';
select is((select count(*) from pg_temp.claim()), 1::bigint, 'and probed with one reply');
select is(pg_temp.outcome(:'r4', 'unsent', null, 'no connection'), 'queued');
select is((select not_before > answerd.now() from answerd.reply where reply_id = :'r4'), true, 'backs off');
-- the brake
select is(answerd.panic(pg_temp.staff('ann'), true) ->> 'panic', 'true');
update answerd.test_clock set shift = shift + interval '2 min';
select is((select count(*) from pg_temp.claim()), 0::bigint, 'panic: nothing leaves');
select is(answerd.panic(pg_temp.staff('ann'), false) ->> 'panic', 'false');
-- another database
update answerd.respond_house set timeline = '000000FF';
select is((answerd.respond_begin('w1', 0)).o_is_other, true, 'a failover is seen');
update answerd.test_clock set shift = shift + interval '31 s';
select is((select array_agg(what) from pg_temp.claim()), array['look'], 'what was queued is looked for before its first byte');
select is(pg_temp.looked(:'r4'), 'queued');
select is((select array_agg(what) from pg_temp.claim()), array['post'], 'not there: it goes');
select is(pg_temp.outcome(:'r4', 'sent', 'p4'), 'sent');
select is((select count(*)::int from answerd.alert where key like 'posting:%' and over_at is null), 0, 'let in again');

-- parts
select pg_temp.say('carl', 'm5', '10:40', 'And how does it work?', 'm1');
update answerd.test_clock set shift = shift + interval '31 min';
select pg_temp.reply('m5', 'ann', 'Long story', null, false, 2) as r5 \gset
select is((select array_agg(reply_id) from pg_temp.claim()), array[:r5::bigint], 'the second part waits for the first');
select pg_temp.outcome(:'r5', 'sent', 'p5') is not null;
select is((select array_agg(reply_id) from pg_temp.claim()), array[:r5::bigint + 1], 'and goes when that is sent');
select pg_temp.outcome((:r5 + 1)::text, 'sent', 'p6') is not null;
select is(pg_temp.verified(), '[]');
-- a direct message whose platform has no key for such: three looks without it, and a person decides
select pg_temp.say('gus', 'd1', '10:30', 'Psst?', null, true, 'direct');
update answerd.message set visibility = 'private' where external_id = 'd1';
insert into answerd.message_raw (brand_id, account_id, stored_at, external_id, raw) select brand_id, account_id, now(), 'd1', '{"id":"d1"}'
from answerd.message where external_id = 'd1';
select pg_temp.reply('d1', 'ann', 'Yes, in private.') as rd \gset
select is((select array[visibility, parent_raw] from answerd.respond_claim(current_setting('test.sender')::int, '{acme}', '{acme_social}', '{8}')
	where reply_id = :'rd'), array['private', '{"id":"d1"}'], 'the sender gets the parent as the platform served it');
select pg_temp.outcome(:'rd', 'unknown', null, 'reset') is not null;
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim(); select pg_temp.looked(:'rd') is not null;
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim(); select pg_temp.looked(:'rd') is not null;
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim();
select is(pg_temp.looked(:'rd'), 'needs_human', 'the key of posts is none of direct messages');
select matches((select reason from answerd.reply where reply_id = :'rd'), 'no key', 'and it says why');


-- a platform that cannot be asked what we posted
update answerd.posting set has_lookup = false;
select pg_temp.say('gus', 'm7', '10:41', 'Is it red?');
select pg_temp.reply('m7', 'ann', 'Blue, in fact.') as r7 \gset
update answerd.respond_house set timeline = '000000FE';
select answerd.respond_begin('w1', 0) is not null;
select is(pg_temp.state(:'r7'), 'needs_human', 'after a failover a person looks');
select is(pg_temp.verified(), '[]');

-- where time is the author's own: a reply that left late keeps the time of its posting, whoever hears it later
update answerd.account set is_time_authors = true;
select pg_temp.clock('13:00');
select pg_temp.say('gina', 'g1', '12:55', 'Is it blue?');
select pg_temp.reply('g1', 'ann', 'It is blue, Gina.') as r9 \gset
update answerd.test_clock set shift = shift + interval '20 min';
select count(*) from pg_temp.claim();
select pg_temp.outcome(:'r9', 'sent', 'p9') is not null;
select ok((select at >= pg_temp.at('13:20') and at < pg_temp.at('13:21') from answerd.message where external_id = 'p9'), 'dated when it was posted');
select pg_temp.clock('13:30');
select pg_temp.say('gina', 'g2', '13:25', 'And waterproof?', 'p9');
select pg_temp.say('us', 'p9', '13:00', '@gina It is blue, Gina.', 'g1');
select ok((select at >= pg_temp.at('13:20') and at < pg_temp.at('13:21') from answerd.message where external_id = 'p9'), 'and still when a poll has brought it');
select ok(pg_temp.conv('g2') = any (pg_temp.queue()), 'what she asked after it waits');
select is(pg_temp.verified(), '[]');
select is((select array_agg(reason) from answerd.reply where reason is distinct from answerd.said(reason_parts, 'UTC')), null, 'every reason is made of the parts beside it');
select cmp_ok((select count(distinct reason) from answerd.reply), '>', 0::bigint, 'and there are some');
select * from finish();
rollback;
