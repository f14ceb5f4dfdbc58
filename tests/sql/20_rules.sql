-- Protects PRODUCT's section "What counts as an answer", row by row: to whom a message is, what starts a wait, what ends it,
-- and what does neither. Each row uses people and threads of its own.
begin;
\ir house.psql
-- since(id): since when the customer of this message waits, as hour; null: nobody waits. n(id): how many are unanswered.
create function pg_temp.since(p_id text) returns text language sql as $$
	select to_char(c.waiting_since at time zone 'UTC', 'HH24:MI') from answerd.message m
	join answerd.conversation c using (root_id, customer_id, account_id, brand_id) where m.external_id = p_id
$$;
create function pg_temp.n(p_id text) returns int language sql as $$
	select c.unanswered from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, brand_id) where m.external_id = p_id
$$;
create function pg_temp.to_us(p_id text) returns bool language sql as $$ select is_to_us from answerd.message where external_id = p_id $$;
select plan(58);
select pg_temp.clock('23:00');

-- To whom?
select pg_temp.say('ann', 'a1', '09:00', 'hello @acme');
select ok(pg_temp.to_us('a1'), 'to us: it names us');
select pg_temp.say('ann', 'a2', '09:05', 'and one more thing', 'a1', p_named => false);
select ok(pg_temp.to_us('a2'), 'to us: it continues its author''s own message that was to us');
select pg_temp.say('bea', 'a3', '09:06', 'same here', 'a1', p_named => false);
select ok(not pg_temp.to_us('a3'), 'overheard: somebody else below a customer''s message');
select is(pg_temp.since('a3'), null, 'nobody waits with what is overheard');
select pg_temp.say('us', 'a4', '09:10', 'we look into it', 'a3');
select ok(pg_temp.to_us('a3'), 'to us: a message of ours answers it directly');
select pg_temp.say('bea', 'a5', '09:15', 'thanks, and?', 'a4', p_named => false);
select ok(pg_temp.to_us('a5'), 'to us: it answers a message of ours');
select is(pg_temp.since('a5'), '09:15', 'so Bea waits again');
select is(pg_temp.since('a1'), '09:00', 'our reply to Bea in the same thread does not end Ann''s wait');
select pg_temp.say('us', 'p1', '08:00', 'New in the shop!');
select pg_temp.say('cid', 'p2', '08:05', 'how much?', 'p1', p_named => false);
select is(pg_temp.since('p2'), '08:05', 'a comment on what is ours is to us');
select pg_temp.say('dan', 'p3', '08:06', 'too much, I bet', 'p2', p_named => false);
select ok(not pg_temp.to_us('p3'), 'customers who talk among themselves below our post are overheard');
select is((select customer_id from answerd.message where external_id = 'p1'), null, 'our own post has no customer, and never waits');

-- Starts, and how it counts.
select is(pg_temp.since('a1'), '09:00', 'a wait starts at the platform''s time of the oldest unanswered message');
select is(pg_temp.n('a1'), 2, 'writing again does not reset it; the count goes up');
select pg_temp.say('ann', 'a0', '07:00', 'earlier, found late', p_thread => 'convo:ann');
select pg_temp.say('ann', 'a00', '06:00', 'even earlier', p_thread => 'convo:ann');
select is(pg_temp.since('a0'), '06:00', 'also when found late');

-- Ends.
select pg_temp.say('eve', 'e1', '10:00', 'my order?');
select pg_temp.say('eve', 'e2', '10:01', 'please', 'e1', p_named => false);
select pg_temp.say('us', 'e3', '10:05', 'on its way', 'e1');
select is(pg_temp.since('e1'), null, 'our reply ends the wait, for all earlier messages of that customer in the thread');
select is(pg_temp.n('e2'), 0, 'the second message too');
select pg_temp.say('eve', 'e4', '10:10', 'when?', 'e3', p_named => false);
select is(pg_temp.since('e4'), '10:10', 'a later message starts a new one');
select pg_temp.say('us', 'e5', '10:11', 'we mean: ', 'e3');
select is(pg_temp.since('e4'), null, 'our reply to ourselves answers the nearest customer above');
select pg_temp.say('fay', 'f1', '11:00', 'help');
select pg_temp.say('gus', 'f2', '11:01', '@acme me too', 'f1');
select pg_temp.say('us', 'f3', '11:05', 'fay, gus: done', 'f1', p_names => '{gus}');
select is(pg_temp.since('f2'), null, 'every customer of the thread whom our answer names is answered');
select pg_temp.say('hal', 'h1', '11:00', '@acme elsewhere');
select pg_temp.say('us', 'h2', '11:05', 'hal, see also', 'f2', p_names => '{hal}');
select is(pg_temp.since('h1'), '11:00', 'naming somebody in another thread answers nothing there');
select pg_temp.say('ida', 'i1', '12:00', 'now');
select pg_temp.say('us', 'i2', '12:00', 'in the same second', 'i1');
select is(pg_temp.since('i1'), null, 'a reply covers the message that it answers, also in the same second');
select pg_temp.say('us', 'i4', '11:59', 'our clock is slow', 'i1');
select is(pg_temp.since('i1'), null, 'and with a clock behind it');

-- Does not end.
select pg_temp.say('jan', 'j1', '12:00', 'open?');
select pg_temp.say('us', 'j2', '12:01', 'We are out of office', 'j1', p_auto => true);
select is(pg_temp.since('j1'), '12:00', 'a bot, a greeting, an out-of-hours notice does not end it');
select pg_temp.say('us', 'j3', '12:02', '', 'j1', p_kind => 'other');
select is(pg_temp.since('j1'), '12:00', 'our like or boost does not end it');
select pg_temp.say('kim', 'j4', '12:03', '', 'p1', p_kind => 'other', p_named => true);
select is(pg_temp.since('j4'), null, 'a customer''s reaction makes no wait');
select ok(not (select is_owed from answerd.message where external_id = 'j4'), 'it is attached and owed nothing');
select pg_temp.say('lou', 'l1', '12:00', 'where is my parcel');
select pg_temp.say('us', 'l2', '12:05', 'here', 'l1');
select is(pg_temp.since('l1'), null);
select is(pg_temp.gone('l2'), 1, 'our answer was deleted');
select is(pg_temp.since('l1'), '12:00', 'a deleted answer puts the conversation back');
select is((select body from answerd.message where external_id = 'l2'), '', 'what was deleted is forgotten');
select is((select count(*)::int from answerd.message_raw where external_id = 'l2'), 0, 'its raw bytes too');

-- Edits and deletions of customers.
select is(pg_temp.gone('l1'), 1, 'Lou takes the question back');
select is(pg_temp.since('l1'), null, 'a customer''s deletion ends the wait');
select is((select deleted_at is not null from answerd.message where external_id = 'l1'), true, 'the tombstone stays');

-- About us, thanks.
select pg_temp.say('moe', 'o1', '12:00', 'acme is bad', p_named => false, p_about => true, p_nature => 'complaint');
select is(pg_temp.since('o1'), '12:00', 'a complaint about us that a search found waits, in its own lane');
select ok((select is_about from answerd.conversation where root_id = 'o1'), 'which is marked');
select pg_temp.say('ned', 'o2', '12:00', 'acme opened a shop', p_named => false, p_about => true, p_nature => 'neutral');
select is(pg_temp.since('o2'), null, 'what is neither question nor complaint about us does not wait');
select pg_temp.say('oda', 'o3', '12:00', '@acme thanks!', p_nature => 'thanks');
select is(pg_temp.since('o3'), '12:00', 'who only says thanks waits in the thanks lane');

-- Late parents: threads join and part, and what staff did follows.
select pg_temp.say('pia', 'q2', '13:05', 'and the second', 'q1');
select pg_temp.conv('q2') as cq \gset
select answerd.add_note(:'cq', pg_temp.staff('ann'), 'she is a regular') is not null;
select answerd.take(:'cq', pg_temp.staff('ann'), '8h') is not null;
select pg_temp.say('us', 'q3', '13:10', 'answering what we have not seen', 'q1');
select is(pg_temp.since('q2'), '13:05', 'an answer below an unseen parent answers nobody yet');
select pg_temp.say('pia', 'q1', '13:00', 'the first');
select is(pg_temp.conv('q1'), :'cq', 'the parent came: one conversation, with the id that it had');
select is(pg_temp.since('q2'), null, 'and our answer covers both');
select is((select count(*)::int from answerd.conversation where root_id in ('q1', 'q2')), 1, 'no shell is left behind');
select pg_temp.say('quy', 'r3', '14:00', 'third', 'r2', p_named => true);
select pg_temp.say('quy', 'r1', '13:50', 'first @acme');
select pg_temp.conv('r1') as cr1, pg_temp.conv('r3') as cr3 \gset
select answerd.add_note(:'cr1', pg_temp.staff('ann'), 'on the newer row') is not null;
select isnt(:'cr1', :'cr3', 'two conversations, while the message between them is missing');
select pg_temp.say('quy', 'r2', '13:55', 'second', 'r1', p_named => false);
select is(pg_temp.conv('r3'), :'cr3', 'joined: the older row survives');
select is((select merged_into::text from answerd.conversation where conversation_id = :'cr1'), :'cr3', 'the other says where it went');
select is((select count(*)::int from answerd.note where conversation_id = :'cr3'), 1, 'its notes followed');
select is(pg_temp.since('r3'), '13:50', 'the older start wins');
select is(pg_temp.n('r1'), 3);

-- Threads that the platform itself names: both ends of a direct exchange.
select pg_temp.say('rob', 'd1', '15:00', 'psst', p_kind => 'direct', p_thread => 'convo:rob');
select pg_temp.say('us', 'd2', '15:05', 'yes?', p_kind => 'direct', p_thread => 'convo:rob', p_peer => 'rob');
select is(pg_temp.since('d1'), null, 'a direct answer without a parent answers the other end');
select pg_temp.say('rob', 'd3', '15:10', 'help', p_kind => 'direct', p_thread => 'convo:rob');
select is(pg_temp.since('d3'), '15:10');

-- Hostile shapes.
select pg_temp.say('sue', 's1', '16:00', 'my own parent', 's1');
select is(pg_temp.since('s1'), '16:00', 'a message that is its own parent waits as if it had none');
select pg_temp.say('sue', 's2', '16:01', 'a', 's3');
select pg_temp.say('sue', 's3', '16:02', 'b', 's2');
select ok(pg_temp.since('s2') is not null and pg_temp.since('s3') is not null, 'parents in a circle: nobody is lost');
select is(pg_temp.verified(), '[]', 'verify is clean');
select * from finish();
rollback;
