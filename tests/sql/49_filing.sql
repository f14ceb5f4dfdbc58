-- Protects the copy that follows a reply (49_filing.sql): the reply is sent whatever becomes of it; one sender at a time, anybody after
-- him; ever rarer, given up visibly after a day.
begin;
\ir house.psql
select plan(18);
create function pg_temp.claim(p_sender int) returns table (what text, reply_id bigint) language sql as $$
	select what, reply_id from answerd.respond_claim(p_sender, '{acme}', '{acme_social}', '{8}') where what <> 'wait'
$$;
create function pg_temp.over(p_reply bigint, p_sender int, p_failure text) returns text language sql as $$
	select answerd.filing_over(brand_id, reply_id, p_sender, p_failure)::text from answerd.reply where reply_id = p_reply
$$;
create function pg_temp.post(p_id text, p_text text, p_sent_id text, p_to_file bool, p_sender int) returns bigint language plpgsql as $$
declare
	v bigint := (answerd.reply_make(pg_temp.conv(p_id), pg_temp.staff('ann'), p_text, null, false, false, array[p_text]) ->> 'id')::bigint;
begin
	perform pg_temp.claim(p_sender);
	perform answerd.reply_outcome(r.brand_id, v, (select max(attempt_id) from answerd.attempt t where t.reply_id = v), 'sent', p_sent_id, null, null,
		null, p_to_file) from answerd.reply r where r.reply_id = v;
	return v;
end $$;
select pg_temp.clock('10:00');
select answerd.declare_replies('{"brands": [{"name": "acme", "sign": false, "approval": false, "repeat_limit": 5, "accounts": [
	{"name": "acme_social", "is_able": true, "answers": ["mention", "reply", "direct"], "window_s": 0, "key_valid_s": 0, "has_lookup": true,
	"settle_us": 30000000, "every_us": 60000000}]}]}') is not null;
select (answerd.respond_begin('w1', 0)).o_sender as s \gset
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?');
select pg_temp.say('dora', 'm2', '09:30', 'Do you open on Sunday?');

select pg_temp.post('m2', 'At ten.', 'p2', false, :s) is not null;
select is((select count(*)::int from answerd.filing), 0, 'most platforms want no copy');
select pg_temp.post('m1', 'It comes tomorrow.', 'p1', true, :s) as r \gset
select is((select state::text from answerd.reply where reply_id = :r), 'sent', 'sent, before anything is filed');
select is(pg_temp.queue(), '{}', 'and nobody waits');
select is((select count(*)::int from pg_temp.claim(:s)), 0, 'the platform may make a copy by itself: not at once');
update answerd.test_clock set shift = shift + interval '31 s';
select is((select array_agg(what || ' ' || reply_id) from pg_temp.claim(:s)), array['file ' || :r], 'then it is filed');
select is((select count(*)::int from pg_temp.claim(:s)), 0, 'once at a time');
select pg_temp.over(:r, :s + 1000, 'not mine') is not null;
select is((select holder from answerd.filing), :s, 'a sender that lost it changes nothing');
select pg_temp.over(:r, :s, 'no room') is not null;
select is((select count(*)::int from pg_temp.claim(:s)), 0, 'a failure waits');
update answerd.test_clock set shift = shift + interval '16 s';
select is((select count(*)::int from pg_temp.claim(:s)), 1, 'and is tried again');
update answerd.filing set holder = :s + 1000; -- a sender whose session has ended
select is((select count(*)::int from pg_temp.claim(:s)), 1, 'whoever is gone leaves it to others');
update answerd.account set state = 'refused';
update answerd.filing set until = null;
select is((select count(*)::int from pg_temp.claim(:s)), 0, 'a refused account is left alone');
update answerd.account set state = 'listening';
select is((select array[state::text, (select count(*)::text from answerd.attempt t where t.reply_id = r.reply_id)] from answerd.reply r
	where reply_id = :r), array['sent', '1'], 'sent all the while, and once');
select pg_temp.over(:r, :s, null) is not null;
select is((select count(*)::int from answerd.filing), 0, 'done');
select is((select count(*)::int from answerd.reply_event where what = 'not filed'), 0, 'quietly');

select pg_temp.say('emil', 'm3', '09:40', 'Is it waterproof?');
select pg_temp.post('m3', 'It is.', 'p3', true, :s) as r3 \gset
update answerd.test_clock set shift = shift + interval '31 s';
select count(*) from pg_temp.claim(:s);
select pg_temp.over(:r3, :s, 'the folder is full') is not null;
update answerd.test_clock set shift = shift + interval '1 day';
select answerd.respond_chores();
select is((select count(*)::int from answerd.filing), 0, 'given up');
select is((select note from answerd.reply_event where reply_id = :r3 and what = 'not filed'),
	'it was sent, and no copy of it could be put among the sent messages: the folder is full', 'visibly');
select is((select state::text from answerd.reply where reply_id = :r3), 'sent', 'and it stays sent');
select is(pg_temp.verified(), '[]');
select * from finish();
rollback;
