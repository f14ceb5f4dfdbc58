-- Protects verify's eye for alarms (RELIABILITY I4): breaches that nobody was told of, deliveries without an end, tellings that stand still.
begin;
\ir house.psql
select plan(27);
select pg_temp.clock('10:00');
select answerd.declare_alerts('{"channels": [{"name": "care", "type": "smtp", "group_us": 30000000}, {"name": "owner", "type": "webhook", "group_us": 30000000}],
	"health": {"notify": ["owner"], "escalate": ["owner"]}}') is not null;
delete from answerd.policy;
insert into answerd.policy (ord, name, is_calendar, notify, escalate, is_digest, is_shipped) values (1, 'direct', false, '{care}', '{owner}', false, false),
	(2, 'soft', false, '{care}', '{owner}', true, false);
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel?');
update answerd.conversation set policy_id = (select policy_id from answerd.policy where name = 'direct'), warn_at = pg_temp.at('10:10'),
	due_at = pg_temp.at('10:20'), lead_at = pg_temp.at('10:30'), stop_at = pg_temp.at('11:00'), alarm_told = 0, alarm_at = pg_temp.at('10:10');
create function pg_temp.turn() returns void language plpgsql as $$
begin
	perform answerd.alert_turn('w1', true, 0);
	update answerd.delivery set at = now() - interval '1 s' where state = 'pending';
	perform answerd.alert_turn('w1', true, 0);
end $$;
create function pg_temp.took() returns void language sql as $$ select answerd.told(telling_id, null) from answerd.telling where ended_at is null $$;
create function pg_temp.stands() returns text language sql as $$ select array_to_string(answerd.verify_alerts(), E'\n') $$;
create function pg_temp.late() returns text language sql as $$ select array_to_string(answerd.verify_telling(), E'\n') $$;

-- A breach
select pg_temp.clock('10:22');
select is(pg_temp.late(), null, 'without a worker that speaks nothing can be said');
update answerd.alert_house set holder = 'w1', held_until = now() + interval '30 s';
select matches(pg_temp.late(), '^conversation \d+ was due 2026-11-20T10:20:00.000000Z and no alert says so$', 'a breach that is past by a minute, and no alert');
update answerd.test_clock set shift = pg_temp.at('10:20') + interval '59 s' - now();
select is(pg_temp.late(), null, 'not before the minute is over');
select pg_temp.clock('10:22');
update answerd.conversation set is_imported = true;
select is(pg_temp.late(), null, 'what was imported is not told');
update answerd.conversation set is_imported = false, policy_id = (select policy_id from answerd.policy where name = 'soft');
select is(pg_temp.late(), null, 'nor what has its digest');
update answerd.conversation set policy_id = (select policy_id from answerd.policy where name = 'direct');
update answerd.alert_house set held_until = now() + interval '5 s';
select is(pg_temp.late(), null, 'a worker that has not spoken for a while has no fault');
update answerd.alert_house set held_until = now() + interval '30 s';
savepoint breach;
update answerd.conversation set alarm_told = 2, alarm_at = lead_at;
select matches(pg_temp.stands(), '^conversation \d+ counts as told up to step 2 and there is no such alert$', 'counted as told, and never was');
select matches(pg_temp.late(), 'and no alert says so', 'which the breach itself says too');
rollback to breach;
select pg_temp.turn();
select is(pg_temp.late(), null, 'told');
select is(pg_temp.stands(), null, 'and all of it hangs together');

-- Tellings
savepoint going;
update answerd.telling set next_at = now() - interval '3 min' where step = 'due';
select matches(pg_temp.late(), '^telling \d+ to channel care should have been tried at .* and was not$', 'a telling that nobody tries');
rollback to going;
update answerd.telling set attempts = 30, made_at = now() - interval '1 h', next_at = now() + interval '5 s' where step = 'due';
select is(pg_temp.late(), null, 'a channel that takes nothing at all is no fault of ours');
update answerd.channel set told_at = now() where name = 'care';
select matches(pg_temp.late(), '^telling \d+ to channel care was refused 30 times while its channel takes others$', 'one that is refused for ever');
update answerd.channel set is_configured = false where name = 'care';
select is(pg_temp.late(), null, 'a channel that is no more');
rollback to going;
update answerd.telling set ended_at = now(), is_told = true where step = 'due';
select matches(pg_temp.stands(), 'is with a telling to channel care that ended, and it does not know', 'a telling that ended alone');
rollback to going;
update answerd.delivery set telling_id = 0;
select matches(pg_temp.stands(), 'that is not there', 'one that is not there');
rollback to going;
update answerd.delivery set state = 'told', told_at = now();
select matches(pg_temp.stands(), 'counts as told on channel care and nothing was told', 'told before it was');
rollback to going;
update answerd.delivery set state = 'dropped';
select matches(pg_temp.stands(), 'alert \d+ was given up for channel care while it stands', 'given up without a reason');
rollback to going;
delete from answerd.delivery where alert_id = (select max(alert_id) from answerd.alert);
select matches(pg_temp.stands(), '^alert \d+ goes to channel care and no delivery to it says what became of that$', 'an alert without its delivery');
rollback to going;
update answerd.delivery set state = 'pending', telling_id = null, at = now() - interval '2 min';
select is(pg_temp.late(), null, 'while its group is being told it waits its turn');
delete from answerd.telling;
select matches(pg_temp.late(), 'an alert waits for channel care since .* and nobody makes a telling of it', 'and not for ever');
rollback to going;
update answerd.delivery set state = 'kept', telling_id = null, kept_by = 'quiet hours', kept_until = pg_temp.at('10:15');
select matches(pg_temp.late(), 'was kept back from channel care until 2026-11-20T10:15:00.000000Z and still is', 'kept back for longer than was said');
update answerd.delivery set kept_until = pg_temp.at('12:00');
select is(pg_temp.late(), null, 'quiet hours are a reason');
update answerd.delivery set kept_by = null;
select matches(pg_temp.stands(), 'is kept back from channel care and nothing says why or until when', 'kept back without a reason');
rollback to going;
select pg_temp.took();
select is(pg_temp.stands(), null, 'told in the end');
select is(answerd.raise_alert('deaf', 'x', null, null, null, 'Something is not heard.', '{nowhere}') is not null, true);
select is((select channels from answerd.alert where key = 'x' and pg_temp.stands() is null), '{owner}', 'a channel that is not there: whom health is told, and the alert says so');
select * from finish();
rollback;
