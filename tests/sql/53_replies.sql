-- Protects what verify promises about replies: each thing that must not be is found, by name; and four eyes for one author.
begin;
\ir house.psql
select plan(23);
select pg_temp.clock('10:00');
select answerd.declare_replies('{"brands": [{"name": "acme", "sign": false, "approval": false, "repeat_limit": 5, "accounts": [
	{"name": "acme_social", "is_able": true, "answers": ["mention", "reply"], "window_s": 86400, "key_valid_s": 3600, "has_lookup": true,
	"settle_us": 30000000, "every_us": 60000000}]}]}') is not null;
select set_config('test.sender', (answerd.respond_begin('w1', 0)).o_sender::text, false) is not null;
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?');
select pg_temp.conv('m1') as c1 \gset
select answerd.reply_make(:'c1', pg_temp.staff('ann'), 'Here.', null, false, false, array['Here.']) ->> 'id' as r \gset
create function pg_temp.found() returns text language sql as $$ select coalesce(array_to_string(answerd.verify_replies(), '; '), '') $$;
select is(pg_temp.found(), '', 'all is well');
-- spoil(what): as an update, what verify says of it, and back again
create function pg_temp.spoil(p_set text) returns text language plpgsql as $$
declare
	v text;
begin
	begin
		execute p_set;
		v := pg_temp.found();
		raise exception 'back' using errcode = 'AN000';
	exception when sqlstate 'AN000' then null;
	end;
	return v;
end $$;
select is(pg_temp.spoil($$update answerd.reply set state = 'sent'$$), format('reply %s is sent and has no id', :'r'));
select is(pg_temp.spoil($$update answerd.reply set state = 'sent', external_id = 'p9'$$), format('reply %s is sent and its message is not in the house', :'r'));
select is(pg_temp.spoil($$update answerd.reply set external_id = 'm1'$$), format('reply %s has an id and is not sent', :'r'));
select is(pg_temp.spoil($$update answerd.reply set state = 'unknown', state_since = answerd.now() - interval '16 min', unknown_at = answerd.now() - interval '16 min'$$),
	format('reply %s is silent for over 15 minutes: unknown', :'r'));
select is(pg_temp.spoil($$update answerd.reply set queued_at = answerd.now() - interval '16 min', state_since = answerd.now() - interval '16 min'$$),
	format('reply %s is queued for over 15 minutes, and nothing is in its way', :'r'));
select is(pg_temp.spoil($$update answerd.reply set state = 'posting'$$), format('reply %s is being posted by nobody', :'r'));
select is(pg_temp.spoil($$insert into answerd.attempt (brand_id, reply_id, sender_id, until) select brand_id, reply_id, 1, now() from answerd.reply$$),
	format('reply %s has a live attempt and is queued', :'r'));
select is(pg_temp.spoil($$update answerd.reply set part = 2, parts = 2, begun_at = now()$$), format('reply %s was begun before the part above it was sent', :'r'));
select is(pg_temp.spoil($$update answerd.reply set state = 'needs_human'$$), format('reply %s needs a person and nobody is told', :'r'));
select is(pg_temp.spoil($$update answerd.reply set conversation_id = 999$$), format('reply %s belongs to no conversation', :'r'));
select is(pg_temp.spoil($$update answerd.reply set approver_id = author_id$$), format('reply %s was approved by its author', :'r'));
select is(pg_temp.spoil($$insert into answerd.attempt (brand_id, reply_id, sender_id, until, ended_at, outcome) select brand_id, reply_id, 1, now(), now(), 'sent' from answerd.reply$$),
	format('reply %s was sent by an attempt and is not sent', :'r'));
select is(json_array_length(answerd.verify() -> 'findings'), 0, 'and verify asks for it');

-- one author who needs a second person
select is(answerd.staff_add(pg_temp.staff('admin'), 'new', 'New Nell', 'agent', null, true) ->> 'needs_approval', 'true');
select pg_temp.say('dora', 'm2', '09:30', 'Open on Sunday?');
select is(answerd.reply_make(pg_temp.conv('m2'), pg_temp.staff('new'), 'No.', null, false, false, array['No.']) ->> 'waits_for_approval', 'true', 'Nell does not answer alone');
select is((select count(*)::int from answerd.respond_claim(current_setting('test.sender')::int, '{acme}', '{acme_social}', '{8}') where what = 'post'), 1, 'only Ann''s goes');

-- the platform's window
select pg_temp.say('emil', 'm3', '09:40', 'Hello?');
update answerd.test_clock set shift = shift + interval '25 hours';
select is(e.entry ->> 'can_reply', 'false', 'the window is shut') from answerd.entry_json e where e.conversation_id::text = pg_temp.conv('m3');
select throws_like($$select answerd.reply_make(pg_temp.conv('m3'), pg_temp.staff('ann'), 'Hi.', null, false, false, array['Hi.'])$$,
	'The platform takes no reply any more: the customer''s last message is older than 24h.', 'and a reply is refused before it is queued');
-- direct messages may have a window of their own, shorter or longer; every other kind keeps the platform's
update answerd.posting set answers = '{mention,direct}', window_s = 0, direct_window_s = 86400;
create function pg_temp.unfit(p_kind text, p_age interval) returns bool language sql as $$
	select answerd.reply_unfit(brand_id, account_id, p_kind::answerd.message_kind, answerd.now() - p_age) is not null from answerd.posting $$;
select is(pg_temp.unfit('direct', '25 hours'), true, 'a direct message of yesterday is too old');
select is(pg_temp.unfit('direct', '23 hours'), false, 'one of today is not');
select is(pg_temp.unfit('mention', '25 hours'), false, 'and a mention never is');
update answerd.posting set window_s = 86400, direct_window_s = 604800;
select is(pg_temp.unfit('direct', '6 days'), false, 'a longer one counts, too');
select * from finish();
rollback;
