-- Protects what reading costs (counted by UTC month, only by who holds the account) and who may be answered where a platform takes only those
-- who name us.
begin;
\ir house.psql
select plan(11);
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
select * from finish();
rollback;
