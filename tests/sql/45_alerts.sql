-- Protects the rules of alarms (RELIABILITY I4): one key a breach and step, groups, what is kept back and when it comes, who is told that a channel fails.
begin;
\ir house.psql
select plan(60);
select pg_temp.clock('10:00');
select answerd.declare_alerts('{"channels": [{"name": "care", "type": "smtp", "group_us": 30000000, "timezone": "Europe/London", "quiet": ["Mon-Sun 22:00-07:00"]},
	{"name": "owner", "type": "webhook", "group_us": 30000000}, {"name": "log", "type": "journal", "group_us": 1000000}],
	"health": {"notify": ["owner"], "escalate": ["log"], "repeat_us": 3600000000}}') is not null;
delete from answerd.policy;
insert into answerd.policy (ord, name, is_calendar, notify, escalate, is_digest, is_shipped) values
	(1, 'direct', false, '{care}', '{owner}', false, false), (2, 'soft', false, '{care}', '{owner}', true, false);

create function pg_temp.waits(p_who text, p_id text, p_policy text default 'direct') returns text language plpgsql as $$
begin
	perform pg_temp.say(p_who, p_id, '09:00', 'Where is my parcel?');
	update answerd.conversation set policy_id = (select policy_id from answerd.policy where name = p_policy), warn_at = pg_temp.at('10:10'),
		due_at = pg_temp.at('10:20'), lead_at = pg_temp.at('10:30'), stop_at = pg_temp.at('11:00'), alarm_told = 0, alarm_at = pg_temp.at('10:10')
	where conversation_id = pg_temp.conv(p_id)::bigint;
	return pg_temp.conv(p_id);
end $$;
create function pg_temp.rows(p_sql text) returns text language plpgsql as $$
declare v text; begin execute format('select string_agg(x::text, E''\n'') from (%s) x', p_sql) into v; return v; end $$;
-- A turn of the machine after its collecting time; now() stands still in this transaction.
create function pg_temp.turn(p_chores int default 0) returns bool language plpgsql as $$
begin
	perform answerd.alert_turn('w1', true, p_chores);
	update answerd.delivery set at = now() - interval '1 s' where state = 'pending';
	return (select o_leads from answerd.alert_turn('w1', true, p_chores));
end $$;
create function pg_temp.took() returns void language sql as $$ select answerd.told(telling_id, null) from answerd.telling where ended_at is null $$;
create function pg_temp.later() returns void language sql as $$ update answerd.telling set made_at = made_at - interval '1 min' $$;

-- The steps of one wait
select pg_temp.waits('carl', 'm1') as c1 \gset
select is(answerd.next_alarm(), pg_temp.at('10:10'), 'the earliest alarm is known');
select ok(pg_temp.turn(), 'this worker speaks');
select is((select count(*)::int from answerd.alert), 0, 'nothing before its time');
select pg_temp.clock('10:10');
select ok(pg_temp.turn());
select is(pg_temp.rows('select event, step, policy, channels, conversation_id, message_id from answerd.alert'), format('(waiting,warn,direct,{care},%s,m1)', :'c1'), 'warn goes to whom the policy notifies');
select is(answerd.next_alarm(), pg_temp.at('10:20'), 'then the next step');
select is((select title from answerd.telling), '1 customer is still waiting, and the answer is nearly due (direct): acme_social');
select matches((select text from answerd.telling), '@carl on acme_social has waited 1h 10m since 09:00 \(office clock: .*\), due 10:20; with nobody: the team''s. “Where is my parcel\?” answer show ', 'both clocks, and who has it');
select is((select array(select json_object_keys(body::json)) from answerd.telling), '{event,step,policy,brand,account,count,at,text,items}', 'the body of DESIGN §6');
select is((select body::json -> 'items' -> 0 ->> 'id' from answerd.telling), :'c1', 'with the queue entry');
select ok(pg_temp.turn());
select is((select count(*)::int from answerd.telling), 1, 'nothing twice');
select pg_temp.took();
select is(pg_temp.rows('select channel, state from answerd.delivery'), '(care,told)');
select answerd.take(:'c1', pg_temp.staff('ann'), '8h') is not null;
select pg_temp.clock('10:20');
select ok(pg_temp.turn());
select matches((select text from answerd.telling where step = 'due'), 'with Ann Ash', 'another step is another group, told at once, and names who has it');
select is(answerd.alert_ack((select alert_id::text from answerd.alert where step = 'due'), pg_temp.staff('ann')) ->> 'acked_by', 'ann', 'Ann has seen it');
select pg_temp.clock('10:30');
select ok(pg_temp.turn());
select is((select count(*)::int from answerd.alert where step = 'lead'), 0, 'who acknowledged deals with it: the lead is not called');
select pg_temp.clock('11:00');
select ok(pg_temp.turn());
select is(pg_temp.rows('select step, channels from answerd.alert order by alert_id desc limit 1'), '(stop,{owner})', 'the hard stop always speaks');
select is(answerd.next_alarm(), null, 'and is the last');

-- All steps at once, after an outage; nobody acknowledged
select pg_temp.waits('dora', 'm2') as c2 \gset
select pg_temp.took(), pg_temp.later();
select ok(pg_temp.turn());
select is((select array_agg(step order by alert_id) from answerd.alert where conversation_id = :'c2'), '{warn,due,lead,stop}', 'no step is missed');
select is((select count(*)::int from answerd.telling where ended_at is null), 4);
select pg_temp.took();

-- Groups: many are one, at most one a group_interval, at most 50 items
select pg_temp.waits('p' || n, 'q' || n) is not null as "-" from generate_series(1, 60) n \g /dev/null
update answerd.conversation set stop_at = null, lead_at = null, due_at = null where conversation_id in (select pg_temp.conv('q' || n)::bigint from generate_series(1, 60) n);
select ok(pg_temp.turn());
select is((select count(*)::int from answerd.telling where ended_at is null), 0, 'not within the group''s interval');
select pg_temp.later();
select ok(pg_temp.turn());
select is(pg_temp.rows('select step, n_alerts, json_array_length(body::json -> ''items'') from answerd.telling where ended_at is null'), '(warn,60,50)', 'a wave is one telling with a count and at most 50 items');
select matches((select text from answerd.telling where ended_at is null), '… and 10 more');

-- A channel that fails
select answerd.told(telling_id, 'mail.example: no connection') from answerd.telling where ended_at is null \g /dev/null
select is((select failures from answerd.channel where name = 'care'), 1);
select is(answerd.telling_trouble(), null, 'one failure is no trouble');
select answerd.told(telling_id, 'mail.example: no connection'), answerd.told(telling_id, 'mail.example: no connection') from answerd.telling where ended_at is null \g /dev/null
select is((select channels from answerd.alert where key = 'channel:care'), '{owner}', 'three are told of on the others');
select matches(answerd.telling_trouble(), '^Channel care fails since .* \(mail.example: no connection\)');
select is((select count(*)::int from answerd.telling where ended_at is null and channel = 'care'), 1, 'and it is tried on');
select pg_temp.turn() \g /dev/null
select pg_temp.took();
select is((select event from answerd.alert order by alert_id desc limit 1), 'hearing', 'that it takes tellings again is told too');
select is(answerd.telling_trouble(), null);

-- Deafness: once, again when nobody acknowledges, over
select isnt(answerd.raise_alert('deaf', 'x', 1, null, null, 'acme_social: refused'), null, 'raised');
select is(answerd.raise_alert('deaf', 'x', 1, null, null, 'acme_social: refused'), null, 'it stands already');
select pg_temp.later(), pg_temp.turn() \g /dev/null
select pg_temp.took(), pg_temp.later() \g /dev/null
select pg_temp.clock('12:01');
select pg_temp.turn(1) \g /dev/null
select is(pg_temp.rows('select channel, step from answerd.telling where ended_at is null and event = ''deaf'''), '(log,lead)', 'nobody acknowledged: to escalate');
select answerd.alert_ack((select alert_id::text from answerd.alert where key = 'x'), pg_temp.staff('ann')) is not null;
select pg_temp.took(), pg_temp.later() \g /dev/null
select pg_temp.clock('13:05');
select pg_temp.turn(1) \g /dev/null
select is((select count(*)::int from answerd.telling where ended_at is null and event = 'deaf'), 0, 'acknowledged: no more');
select is(answerd.alert_over('x', 'acme_social: heard again'), 1);
select is((select channels from answerd.alert where event = 'hearing' order by alert_id desc limit 1), '{log,owner}', 'its end goes to all who were told');
select isnt(answerd.raise_alert('deaf', 'x', 1, null, null, 'acme_social: refused'), null, 'and it may come again');

-- Quiet hours and silence
select pg_temp.turn() \g /dev/null
select pg_temp.took(), pg_temp.later() \g /dev/null
select is(answerd.quiet_until(c, pg_temp.at('23:00')), pg_temp.at('07:00') + interval '1 day', 'quiet until seven') from answerd.channel c where name = 'care';
select is(answerd.quiet_until(c, pg_temp.at('21:59')), null) from answerd.channel c where name = 'care';
select is(answerd.quiet_until(c, '2026-11-22 23:30Z'), '2026-11-23 07:00Z', 'also from Sunday to Monday') from answerd.channel c where name = 'care';
select pg_temp.clock('23:00');
select pg_temp.waits('eve', 'm3') as c3 \gset
update answerd.conversation set lead_at = null, stop_at = null where conversation_id = :'c3';
select pg_temp.turn() \g /dev/null
select is(pg_temp.rows(format('select a.step, d.state, d.kept_by from answerd.delivery d join answerd.alert a using (alert_id, brand_id) where a.conversation_id = %s order by 1', :'c3')),
	E'(due,kept,"quiet hours")\n(warn,kept,"quiet hours")', 'kept back in quiet hours');
select answerd.raise_alert('deaf', 'y', (select brand_id from answerd.brand), null, null, 'owner is never quiet') is not null;
select answerd.silence_add(pg_temp.staff('lea'), null, null, 'owner', null, '2h', 'moving house') ->> 'by' as by \gset
select is(:'by'::text, 'lea', 'a silence has an author');
select is((select answerd.silences_list() -> 'items' -> 0 ->> 'reason'), 'moving house');
select throws_ok('select answerd.silence_add(pg_temp.staff(''lea''), null, null, null, null, ''2h'', '' '')', 'AN400', null, 'and a reason');
select throws_ok('select answerd.silence_add(pg_temp.staff(''lea''), null, null, null, null, ''for ever'', ''x'')', 'AN400', null, 'and an end');
select pg_temp.turn() \g /dev/null
select is((select kept_by like 'silence %' from answerd.delivery d join answerd.alert a using (alert_id, brand_id) where a.key = 'y'), true, 'silenced');
update answerd.test_clock set shift = pg_temp.at('07:00') + interval '1 day' - now();
select pg_temp.turn(1) \g /dev/null
select pg_temp.turn() \g /dev/null
select is(pg_temp.rows('select channel, event, n_alerts, title from answerd.telling where ended_at is null and event = ''digest'' order by 1'),
	E'(care,digest,2,"2 alerts were kept back while it was quiet: acme_social")\n(owner,digest,1,"1 alert was kept back while it was quiet: acme")', 'at the end one telling a channel');
select is((select count(*)::int from answerd.audit where act in ('ack', 'silence')), 3, 'all of it is audited');

-- Digests and imports
select is((select count(*)::int from answerd.alert where event = 'digest' and key like 'imported:%' and over_at is not null), 1, 'one summary of what was imported');
select is((select channels from answerd.alert where key = 'imported:' || (select account_id from answerd.account) || ':' || (select md5(string_agg(source_id::text, ' ' order by source_id)) from answerd.source)), '{}', 'which nobody needs to read when nobody waits');
-- What came up when there was no channel is told to the first that is configured, once.
select answerd.declare_alerts('{"channels": [], "health": {}}') is not null;
select answerd.raise_alert('deaf', 'too early', null, null, null, 'Nobody could be told.') is not null;
create function pg_temp.early() returns text language sql as $$ select string_agg(d.channel || ' ' || d.state, ',') from answerd.delivery d
	join answerd.alert a using (alert_id, brand_id) where a.key = 'too early' $$;
select is(pg_temp.early(), null);
select answerd.declare_alerts('{"channels": [{"name": "first", "type": "webhook", "group_us": 1000000}], "health": {"notify": ["first"]}}') is not null;
select is(pg_temp.early(), 'first pending');
select answerd.declare_alerts('{"channels": [{"name": "first", "type": "webhook", "group_us": 1000000}, {"name": "second", "type": "webhook", "group_us": 1000000}],
	"health": {"notify": ["first", "second"]}}') is not null;
select is(pg_temp.early(), 'first pending');
-- What people read is what the customer wrote (a \v that PostgreSQL does not know took every letter v away).
select is(answerd.excerpt_of(E' \x0bvery\x0b\t vivid,\n\nvivid v\r\n'), 'very vivid, vivid v', 'one line, with all its letters');
select * from finish();
rollback;
