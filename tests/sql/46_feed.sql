-- Protects events for programs of others: each thing that happens is one event, in the order in which transactions became visible, told
-- once more from where a receiver was, without words that were erased; and nothing is written while nobody asks.
begin;
\ir house.psql
select plan(23);
create function pg_temp.told() returns json language sql as $$ select body::json from answerd.telling where channel = 'crm' and ended_at is null $$;
create function pg_temp.takes(p_failure text default null) returns void language sql as $$
	select answerd.told(telling_id, p_failure) from answerd.telling where channel = 'crm' and ended_at is null
$$;
create function pg_temp.events() returns text[] language sql as $$ select array_agg(x ->> 'event' order by (x ->> 'id')::bigint) from json_array_elements(pg_temp.told() -> 'items') x $$;
select pg_temp.clock('10:00');
select pg_temp.say('carl', 'm0', '09:00', 'Nobody listens yet.');
select is((select count(*) from answerd.feed), 0::bigint, 'nobody asks: nothing is written');
create function pg_temp.declare(p_events text) returns void language sql as $$
	select answerd.declare_alerts(format('{"channels": [{"name": "care", "type": "journal", "group_us": 1000000}, {"name": "crm", "type": "webhook", "group_us": 1000000,
		"events": %s}], "health": {"notify": ["care"], "escalate": ["care"]}}', p_events)::jsonb)
$$;
select pg_temp.declare('["message", "wait", "conversation"]');
select is(answerd.channels_of('{care,crm}'), '{care}', 'who is told events is told no alerts');
select is(answerd.other_channels('care'), '{}', 'nor that another channel fails');

select pg_temp.say('dora', 'm1', '09:30', 'Where is my parcel?');
select answerd.tag(pg_temp.conv('m1'), pg_temp.staff('ann'), 'parcel', null) is not null;
select is((select count(*) from answerd.feed where no is null), 3::bigint, 'a message, a wait that began, an act');
select answerd.feed_turn();
select is(pg_temp.events(), '{message.received,wait.began,conversation.tag}', 'in the order in which they happened');
select is(pg_temp.told() -> 'items' -> 0 -> 'message' ->> 'text', 'Where is my parcel?', 'with the words');
select is(pg_temp.told() -> 'items' -> 2 ->> 'by', 'ann', 'and who did it');
select is(pg_temp.told() -> 'items' -> 0 -> 'conversation' ->> 'id', pg_temp.told() -> 'items' -> 1 -> 'conversation' ->> 'id', 'a message has its conversation');
select is(pg_temp.told() -> 'items' -> 1 -> 'conversation' ->> 'id', pg_temp.conv('m1'), 'and the entry of the queue');
select answerd.dismiss(pg_temp.conv('m1'), pg_temp.staff('ann'), 'told by phone') is not null;
select answerd.feed_turn();
select is((select count(*) from answerd.telling where channel = 'crm'), 1::bigint, 'one at a time: the order holds');
select pg_temp.takes('it answered 500');
select is((select n_alerts from answerd.telling where channel = 'crm' and ended_at is null), 3, 'what failed is tried again, the same');
select pg_temp.takes();
select answerd.feed_turn();
select is(pg_temp.events(), '{wait.ended,conversation.dismiss}', 'then what came meanwhile');
select is(pg_temp.told() -> 'items' -> 0 ->> 'how', 'settled', 'how the wait ended');
select pg_temp.takes();

-- our answer in the platform's own app ends a wait
select pg_temp.say('emil', 'm2', '09:40', 'Hello?');
select pg_temp.say('us', 'a2', '09:50', 'Hello!', 'm2');
select answerd.feed_turn();
select is(pg_temp.events(), '{message.received,wait.began,wait.ended}', 'an answer ends it');
select is(pg_temp.told() -> 'items' -> 2 ->> 'how', 'answered', 'and it says so');
select pg_temp.takes();

-- families
select pg_temp.declare('["reply"]');
select answerd.tag(pg_temp.conv('m2'), pg_temp.staff('ann'), 'x', null) is not null;
select answerd.feed_turn();
select is((select count(*) from answerd.telling where channel = 'crm' and ended_at is null), 0::bigint, 'only what was asked for');
select pg_temp.declare('["message", "wait", "conversation"]');

-- replay
select is(answerd.webhooks_list() -> 'items' -> 0 ->> 'name', 'crm', 'staff see it');
select is((answerd.webhook_replay('crm', answerd.now() - interval '1 hour', pg_temp.staff('ann')) ->> 'behind')::int, 9, 'from the beginning');
update answerd.message set deleted_at = answerd.now(), body = '' where external_id = 'm1';
select answerd.feed_turn();
select is(json_array_length(pg_temp.told() -> 'items'), 9, 'all are told again');
select is(pg_temp.told() -> 'items' -> 0 -> 'message' ->> 'text', null, 'but not the words that were erased meanwhile');
select throws_like($$select answerd.webhook_replay('care', answerd.now(), pg_temp.staff('ann'))$$, 'There is no webhook care%', 'a channel of alerts is none');

-- history is no event, and old events go
select pg_temp.takes();
update answerd.message set is_imported = true where external_id = 'm0';
select answerd.fed_messages('message.received', brand_id, account_id, '{m0}') from answerd.account;
select is((select count(*) from answerd.feed where external_id = 'm0'), 0::bigint, 'imported messages are no events');
update answerd.test_clock set shift = shift + interval '31 days';
select answerd.feed_turn();
select is((select count(*) from answerd.feed where no is not null), 0::bigint, 'thirty days');
select * from finish();
rollback;
