-- Protects what reading costs (counted by UTC month, only by who holds the account) and who may be answered where a platform takes only those
-- who name us.
begin;
\ir house.psql
select plan(20);
select pg_temp.clock('10:00');
select brand_id as b, account_id as a, epoch as e from answerd.account where name = 'acme_social' \gset
update answerd.account set reading_costs = true, monthly_reads = 100;

select answerd.count_reading(:b, :a, :e, 3, 15000);
select answerd.count_reading(:b, :a, :e, 2, 2000);
select is((select (reads, cost_usd, monthly_reads)::text from answerd.reading_cost), '(5,0.02,100)', 'elements and their price add up');
select answerd.count_reading(:b, :a, :e + 1, 3, 15000);
select is((select reads from answerd.reading_cost), 5::bigint, 'who does not hold the account counts nothing');
update answerd.test_clock set shift = shift + interval '32 days';
select answerd.count_reading(:b, :a, :e, 1, 1000);
select is((select string_agg(reads::text, ' ' order by month) from answerd.reading_cost), '5 1', 'another month begins at nothing');
select is((select x -> 'reading' ->> 'reads' from json_array_elements(answerd.list_sources() -> 'items') x where x -> 'reading' ->> 'reads' is not null limit 1),
	'1', 'answer sources shows this month');
update answerd.test_clock set shift = shift - interval '32 days';

select answerd.declare_replies('{"brands": [{"name": "acme", "sign": false, "approval": false, "repeat_limit": 5, "accounts": [
	{"name": "acme_social", "is_able": true, "answers": ["mention", "reply", "post", "direct"], "window_s": 0, "key_valid_s": 3600, "has_lookup": true,
	"settle_us": 30000000, "every_us": 60000000, "named_only": "only those who name us"}]}]}') is not null;
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?');
select pg_temp.conv('m1') as c1 \gset
select is(answerd.reply_unnamed(:b, :c1), null, 'a mention names us');
select is((select unnamed from answerd.can_reply_rows() where account_id = :a), null, 'nobody stands on the list');
update answerd.message set is_named = false where external_id = 'm1';
select is(answerd.reply_unnamed(:b, :c1), 'only those who name us: answer in the platform''s own app, answerd will see it.', 'this one does not');
select is((select unnamed from answerd.can_reply_rows() where account_id = :a), format(' %s ', :c1), 'pages of the queue know it');
select is((select entry ->> 'why_not' from answerd.entry_json where conversation_id = :c1), answerd.reply_unnamed(:b, :c1), 'and so do single entries');
select throws_like(format($$select answerd.reply_make(%L, pg_temp.staff('ann'), 'Here.', null, false, false, array['Here.'])$$, :c1), 'only those who name us:%',
	'a reply is refused before it is queued');
update answerd.posting set named_only = null;
select is(answerd.reply_unnamed(:b, :c1), null, 'where nothing is said all take a reply');

-- what posting costs
update answerd.account set monthly_usd = 1;
delete from answerd.reading;
select answerd.count_reading(:b, :a, null, 2, 10000);
select is((select (reads, cost_usd)::text from answerd.reading_cost), '(2,0.01)', 'a look for a reply is counted by whoever posts');
select is((select answerd.count_reading(:b, :a, :e, 1, 5000)), 15000::bigint, 'the listener hears what the month has cost');
create function pg_temp.sent(p_id text, p_where text) returns void language sql as $$ select answerd.reply_sent(r, p_where, null, 'worker') from answerd.reply r where reply_id = p_id::bigint $$;
select answerd.reply_make(:'c1', pg_temp.staff('ann'), 'Here: https://a.example', null, false, false, array['Here: https://a.example (1/2)', '(2/2)'],
	p_costs => array[200000, 10000]) as r \gset
select is((:'r'::json ->> 'cost_usd', :'r'::json ->> 'price')::text, ('0.2', 'The platform charges about 0.21 US dollars for it.')::text, 'who writes hears the price of all parts');
select pg_temp.sent(:'r'::json ->> 'id', 'p1');
select is((select (reads, cost_usd, posts, posts_usd, monthly_usd)::text from answerd.reading_cost), '(3,0.02,1,0.20,1)', 'what is sent is counted beside what is read');
select is((select x -> 'reading' ->> 'posts_usd' from json_array_elements(answerd.list_sources() -> 'items') x where x -> 'reading' ->> 'posts_usd' is not null limit 1),
	'0.20', 'answer sources shows it');
select ok(position(E'answerd_month_cost_dollars{brand="acme",account="acme_social",for="posting"} 0.200000\n' in answerd.metrics()) > 0, 'and so does Prometheus');
select is((select count(*) from answerd.alert where key like 'money:%'), 0::bigint, 'within the budget nobody is told');
select answerd.reply_make(:'c1', pg_temp.staff('ann'), 'And here.', null, true, false, array['And here.'], p_costs => array[900000]) as r2 \gset
select is(:'r2'::json ->> 'price', 'The platform charges about 0.9 US dollars for it. That is more than what is left of the month''s 1 (`monthly_usd`); it is posted all the same.',
	'beyond the budget who writes is warned, and nothing is refused');
select pg_temp.sent(:'r2'::json ->> 'id', 'p2');
select is((select text from answerd.alert where key like 'money:%'), 'The month''s 1 US dollars (`monthly_usd`) for acme_social are spent: about 1.12 so far. Replies are posted all the same, and each costs more.',
	'and a person is told, once');
select * from finish();
rollback;
