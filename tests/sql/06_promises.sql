-- Protects PRODUCT's "Policies that ship", row by row, DESIGN §6 on policies, and business time (RELIABILITY I6): whose promise it
-- is, when it falls due by which clock, and that a changed promise changes the deadlines of what waits, with a trace.
begin;
\ir house.psql
-- conf(hours, policies, zone, holidays): what the worker declares at its start; then all deadlines are renewed.
create function pg_temp.conf(p_hours text[] default '{Mon-Fri 09:00-17:00}', p_policies jsonb default '[]', p_zone text default 'Europe/London',
	p_holidays jsonb default '[]', p_notify jsonb default '["care"]') returns int language plpgsql as $$
declare
	v_moved int := 0;
	r record;
begin
	perform answerd.declare(jsonb_build_object('brands', jsonb_build_array(jsonb_build_object('name', 'acme', 'timezone', p_zone,
		'hours', to_jsonb(p_hours), 'holidays', p_holidays, 'accounts', jsonb_build_array(jsonb_build_object('name', 'acme_social',
		'platform', 'mastodon', 'server', 'https://social.example', 'realm', 'https://social.example', 'is_time_authors', false,
		'every_us', 60000000, 'sources', '["mentions", "own"]'::jsonb)))), 'policies', p_policies, 'health', jsonb_build_object('notify', p_notify)));
	loop
		select * into r from answerd.renewed(2);
		exit when not found;
		v_moved := case when r.o_done then v_moved + r.o_moved else v_moved end;
	end loop;
	return v_moved;
end $$;
-- promise(id): policy and what of it is due when, in UTC: "policy warn due lead stop".
create function pg_temp.promise(p_id text) returns text language sql as $$
	select concat_ws(' ', coalesce(y.name, '-'), coalesce(to_char(c.warn_at at time zone 'UTC', 'DD/HH24:MI'), '-'), coalesce(to_char(c.due_at at time zone 'UTC', 'DD/HH24:MI'), '-'),
		coalesce(to_char(c.lead_at at time zone 'UTC', 'DD/HH24:MI'), '-'), coalesce(to_char(c.stop_at at time zone 'UTC', 'DD/HH24:MI'), '-'))
	from answerd.message m join answerd.conversation c using (root_id, customer_id, account_id, brand_id)
	left join answerd.policy y on y.policy_id = c.policy_id where m.external_id = p_id
$$;
create function pg_temp.open(p_hours text[], p_zone text, p_from timestamp, p_until timestamp, p_holidays jsonb default '[]') returns text language sql as $$
	select string_agg(to_char(lower(r) at time zone 'UTC', 'DD/HH24:MI') || '-' || to_char(upper(r) at time zone 'UTC', 'DD/HH24:MI'), ' ' order by lower(r))
	from unnest((answerd.calendar_open(p_zone, p_hours, '2026-01-01Z', '2027-01-01Z')
		- (select coalesce(range_agg(c.closed), '{}') from answerd.calendar_closed(p_zone, p_holidays, '2026-01-01Z', '2027-01-01Z') c))
		* tstzmultirange(tstzrange(p_from at time zone p_zone, p_until at time zone p_zone))) r
$$;
create function pg_temp.brand() returns int stable language sql as $$ select brand_id from answerd.brand where name = 'acme' $$;
-- Friday 20 November 2026 is a day of office: 09:00 to 17:00 in London is the same in UTC.
select plan(91);
select pg_temp.clock('16:00');

-- Hours of a week.
select is(pg_temp.open('{Mon-Fri 09:00-17:00}', 'UTC', '2026-11-20', '2026-11-24'), '20/09:00-20/17:00 23/09:00-23/17:00', 'a week of office hours');
select is(pg_temp.open('{"Mon,Wed 08:00-12:00,13:30-17:00"}', 'UTC', '2026-11-16', '2026-11-20'),
	'16/08:00-16/12:00 16/13:30-16/17:00 18/08:00-18/12:00 18/13:30-18/17:00', 'several frames a day, several days');
select is(pg_temp.open('{Fri 22:00-02:00}', 'UTC', '2026-11-19', '2026-11-23'), '20/22:00-21/02:00', 'a frame past midnight belongs to its first day');
select is(pg_temp.open('{Sat-Mon 18:00-24:00}', 'UTC', '2026-11-20', '2026-11-24'), '21/18:00-22/00:00 22/18:00-23/00:00 23/18:00-24/00:00', '24:00, and a range over Sunday');
select is(pg_temp.open('{Mon-Sun 00:00-24:00}', 'UTC', '2026-11-20', '2026-11-24'), '20/00:00-24/00:00', 'always open is one frame');
select is(pg_temp.open('{Mon 09:00-12:00,Mon 11:00-13:00,"mon 12:30-14:00"}', 'UTC', '2026-11-23', '2026-11-24'), '23/09:00-23/14:00', 'what overlaps counts once');
-- Clocks that change. Berlin 2026: forward on 29 March at 02:00, back on 25 October at 03:00.
select is(pg_temp.open('{Sun 02:30-05:00}', 'Europe/Berlin', '2026-03-29', '2026-03-30'), '29/01:00-29/03:00', 'a frame that begins in the skipped hour begins when it was skipped');
select is(pg_temp.open('{Sun 01:00-02:30}', 'Europe/Berlin', '2026-03-29', '2026-03-30'), '29/00:00-29/01:00', 'one that ends in it ends there');
select is(pg_temp.open('{Sun 02:10-02:50}', 'Europe/Berlin', '2026-03-29', '2026-03-30'), null, 'one that lies in it is skipped');
select is(pg_temp.open('{Sun 01:00-02:30}', 'Europe/Berlin', '2026-10-25', '2026-10-26'), '24/23:00-25/00:30 25/01:00-25/01:30',
	'one that ends in the doubled hour: the wall shows its last half hour twice');
select is(pg_temp.open('{Sun 00:00-05:00}', 'Europe/Berlin', '2026-10-25', '2026-10-26'), '24/22:00-25/04:00', 'a night with six hours');
select is(pg_temp.open('{Sat 22:00-06:00}', 'Europe/London', '2026-03-28', '2026-03-30'), '28/22:00-29/05:00', 'a night shift that loses an hour');
-- Holidays.
select is(pg_temp.open('{Mon-Fri 09:00-17:00}', 'UTC', '2026-11-19', '2026-11-24', '[["2026-11-20", "2026-11-21", "x"]]'), '19/09:00-19/17:00 23/09:00-23/17:00', 'a holiday closes a day');
select is(pg_temp.open('{Thu-Fri 22:00-02:00}', 'UTC', '2026-11-19', '2026-11-23', '[["2026-11-20", "2026-11-21", "x"]]'), '19/22:00-20/00:00 21/00:00-21/02:00',
	'from midnight to midnight');
select is(pg_temp.open('{Mon-Fri 09:00-17:00}', 'Asia/Tokyo', '2026-11-20', '2026-11-21', '[["2026-11-20T12:00:00", "2026-11-20T13:00:00", "x"]]'), '20/00:00-20/03:00 20/04:00-20/08:00',
	'an hour by the wall');
select is(pg_temp.open('{Mon-Fri 09:00-17:00}', 'Asia/Tokyo', '2026-11-20', '2026-11-21', '[["2026-11-20T03:00:00Z", "2026-11-20T04:00:00Z", "x"]]'), '20/00:00-20/03:00 20/04:00-20/08:00',
	'the same in UTC');
select is(pg_temp.open('{Mon-Sun 00:00-24:00}', 'Pacific/Apia', '2026-11-20', '2026-11-22', '[["2026-11-20", "2026-11-21", "x"]]'), '20/11:00-21/11:00', 'the day is the brand''s own');

-- Time between, and time added. Before anything was declared there are no hours.
select is(answerd.business_between(pg_temp.brand(), pg_temp.at('10:00'), pg_temp.at('12:00')), '0', 'no calendar, no office time');
select is(pg_temp.conf('{Mon-Fri 09:00-17:00}', '[]', 'Europe/London', '[["2026-12-25", "2026-12-26", "Christmas Day"]]'), 0, 'declared; nobody waits yet');
select is((select array_agg(policy_id) from answerd.conversation), null);
select is(answerd.business_between(pg_temp.brand(), '2026-11-20 16:00Z', '2026-11-23 10:00Z'), '2:00', 'over a weekend');
select is(answerd.business_between(pg_temp.brand(), '2026-11-23 10:00Z', '2026-11-20 16:00Z'), '0:00', 'never less than nothing');
select is(answerd.business_between(pg_temp.brand(), '2026-12-24 16:30Z', '2026-12-28 09:30Z'), '1:00', 'over a holiday');
select is(answerd.business_add(pg_temp.brand(), '2026-11-20 16:30Z', '1 h'), '2026-11-23 09:30Z', 'an hour on Friday at half past four');
select is(answerd.business_add(pg_temp.brand(), '2026-11-20 16:00Z', '1 h'), '2026-11-20 17:00Z', 'just enough: the end of this day, not the beginning of the next');
select is(answerd.business_add(pg_temp.brand(), '2026-11-21 12:00Z', '1 h'), '2026-11-23 10:00Z', 'from a Saturday');
select is(answerd.business_add(pg_temp.brand(), '2026-11-20 12:00Z', '30 h'), '2026-11-26 10:00Z', 'over several days');
select is(answerd.business_add(pg_temp.brand(), '2026-03-27 16:00Z', '2 h'), '2026-03-30 09:00Z', 'clocks went forward meanwhile');
select is((select until_at from answerd.office_calendar), '2030-01-01Z', 'made for years ahead');
select is(answerd.business_add(pg_temp.brand(), '2029-12-31 16:00Z', '3 h'), '2030-01-01 02:00Z', 'behind them time is plain, and never nothing');
-- The short way of recompute is the long way.
select is((select count(*)::int from generate_series('2026-10-20Z', '2026-11-20Z', interval '97 min') t cross join unnest('{1 s,45 min,1 h,7 h 59 min,8 h,12 h,40 h}'::interval[]) w
	left join lateral (select * from answerd.office_frame f where f.brand_id = pg_temp.brand() and f.opens <= t order by f.opens desc limit 1) f on true
	where answerd.business_due(pg_temp.brand(), t, w, f.closes, f.gap, f.next_closes) is distinct from answerd.business_add(pg_temp.brand(), t, w)), 0, 'recompute''s short way gives the same');

-- PRODUCT's table: warn, first answer, 150 %, hard stop.
select pg_temp.say('ann', 'c1', '09:00', 'it is broken', p_nature => 'complaint');
select is(pg_temp.promise('c1'), 'question 20/09:45 20/10:00 20/10:30 21/09:00', 'a complaint in public');
select pg_temp.say('bob', 'q1', '09:00', 'open on Sunday?', p_nature => 'question');
select is(pg_temp.promise('q1'), 'question 20/09:45 20/10:00 20/10:30 21/09:00', 'a question in public');
select pg_temp.say('cid', 'd1', '09:00', 'psst', p_kind => 'direct', p_nature => 'neutral', p_thread => 't:cid');
select is(pg_temp.promise('d1'), 'direct 20/09:45 20/10:00 20/10:30 21/05:00', 'a direct message');
select pg_temp.say('dan', 'd2', '09:00', 'a secret complaint', p_kind => 'direct', p_nature => 'complaint', p_thread => 't:dan');
select is(pg_temp.promise('d2'), 'direct 20/09:45 20/10:00 20/10:30 21/05:00', 'also when it complains');
select pg_temp.say('eve', 'n1', '09:00', 'hello acme', p_nature => 'neutral');
select is(pg_temp.promise('n1'), 'neutral 20/12:00 20/13:00 20/15:00 21/09:00', 'a neutral mention');
select pg_temp.say('eva', 'n2', '09:00', 'hello', p_kind => 'comment', p_nature => 'neutral');
select is(pg_temp.promise('n2'), 'neutral 20/12:00 20/13:00 20/15:00 21/09:00', 'or comment');
select pg_temp.say('fay', 'r1', '09:00', 'three stars', p_kind => 'review', p_nature => 'neutral');
select is(pg_temp.promise('r1'), 'review 20/15:00 20/17:00 23/13:00 22/09:00', 'a review');
select pg_temp.say('gus', 'a1', '09:00', 'acme is bad', p_named => false, p_about => true, p_kind => 'post', p_nature => 'complaint');
select is(pg_temp.promise('a1'), 'about_us - 20/17:00 - -', 'about us, not to us');
select pg_temp.say('hal', 't1', '09:00', 'lovely', p_nature => 'praise');
select is(pg_temp.promise('t1'), 'thanks - 20/17:00 - 23/09:00', 'praise');
select pg_temp.say('ida', 't2', '09:00', 'thanks', p_kind => 'direct', p_nature => 'thanks', p_thread => 't:ida');
select is(pg_temp.promise('t2'), 'thanks - 20/17:00 - 23/09:00', 'thanks are never a page, whatever their kind');
select is((select count(*)::int from answerd.policy_choice where brand_id = pg_temp.brand()), 7 * 5 * 2, 'the shipped ones match everything that can wait');

-- First and next answers.
select pg_temp.say('us', 'd1a', '09:30', 'yes?', p_kind => 'direct', p_thread => 't:cid', p_peer => 'cid');
select is(pg_temp.promise('d1'), '- - - - -', 'answered: no clocks');
select pg_temp.say('cid', 'd1b', '10:00', 'and', p_kind => 'direct', p_nature => 'neutral', p_thread => 't:cid');
select is(pg_temp.promise('d1b'), 'direct 20/10:45 20/12:00 20/13:00 21/06:00', 'a next answer has its own length');
select pg_temp.say('us', 't2a', '09:30', 'welcome', p_kind => 'direct', p_thread => 't:ida', p_peer => 'ida');
select pg_temp.say('ida', 't2b', '10:00', 'thank you!', p_kind => 'direct', p_nature => 'thanks', p_thread => 't:ida');
select is(pg_temp.promise('t2b'), 'thanks - - - 23/10:00', 'no promise of a next answer to thanks');
-- What it is, is the weightiest that waits; its time is the oldest one's.
select pg_temp.say('eve', 'n1b', '10:00', 'is anybody there?', 'n1', p_nature => 'question');
select is(pg_temp.promise('n1'), 'question 20/09:45 20/10:00 20/10:30 21/09:00', 'neutral becomes a question, since its beginning');
select is((answerd.correct_nature(pg_temp.conv('n1'), pg_temp.staff('ann'), 'neutral') ->> 'due_at'), '2026-11-20T13:00:00.000000Z', 'a person corrects it, and the date follows');

-- Alarms: the earliest step that is left; told ones stay told while the same message waits.
select is((select (alarm_told, alarm_at)::text from answerd.conversation where conversation_id = pg_temp.conv('c1')::bigint), '(0,"2026-11-20 09:45:00+00")', 'the first step is the warning');
update answerd.conversation set alarm_told = 2, alarm_at = lead_at where conversation_id = pg_temp.conv('c1')::bigint;
select pg_temp.say('ann', 'c2', '10:00', 'still', 'c1', p_nature => 'complaint');
select is((select (alarm_told, alarm_at)::text from answerd.conversation where conversation_id = pg_temp.conv('c1')::bigint), '(2,"2026-11-20 10:30:00+00")', 'a second message repeats no step');
select pg_temp.say('us', 'c3', '10:20', 'sorry', 'c2');
select is((select (alarm_told, alarm_at)::text from answerd.conversation where conversation_id = pg_temp.conv('c1')::bigint), '(0,)', 'answered: no alarm');
select pg_temp.say('ann', 'c4', '11:00', 'no', 'c3', p_nature => 'complaint');
select is((select (alarm_told, alarm_at)::text from answerd.conversation where conversation_id = pg_temp.conv('c1')::bigint), '(0,"2026-11-20 11:45:00+00")', 'a new wait has its own steps');
select is((select alarm_at from answerd.conversation where conversation_id = pg_temp.conv('t1')::bigint), null, 'thanks and praise are told by no alarm');
select is((select alarm_at from answerd.conversation where conversation_id = pg_temp.conv('a1')::bigint), null, 'nor is what is about us');
update answerd.source set imported_at = null;
select pg_temp.say('joe', 'i1', '09:00', 'old?', p_nature => 'question');
select is((select (is_imported, due_at, alarm_at)::text from answerd.conversation where conversation_id = pg_temp.conv('i1')::bigint), '(t,"2026-11-20 10:00:00+00",)', 'imported: a date, and no storm');
select pg_temp.say('joe', 'i2', '12:00', 'and now?', 'i1', p_nature => 'question');
select is((select (is_imported, due_at, alarm_at)::text from answerd.conversation where conversation_id = pg_temp.conv('i1')::bigint), '(f,"2026-11-20 10:00:00+00","2026-11-20 09:45:00+00")', 'said today: alarms again');
select is(pg_temp.verified(), '[]', 'verify finds the same dates from scratch');

-- The file's policies come first, in its order; the first that matches wins.
select is(pg_temp.conf(p_policies => '[{"name": "vip", "kinds": ["direct"], "natures": ["complaint"], "warn_us": 600000000, "first_us": 1200000000, "stop_us": 3600000000, "clock": "calendar"},
	{"name": "direct", "kinds": ["direct"], "warn_us": 2700000000, "first_us": 7200000000, "next_us": 7200000000, "notify": ["desk"]},
	{"name": "elsewhere", "brands": ["other"], "first_us": 60000000}, {"name": "soft", "audience": "about_us", "first_us": 60000000}]'), 4, 'four dates move: thanks in private too');
select is(pg_temp.promise('d2'), 'vip 20/09:10 20/09:20 20/09:30 20/10:00', 'its kinds and natures, by the calendar');
select is(pg_temp.promise('d1b'), 'direct 20/10:45 20/12:00 20/13:00 -', 'the file''s "direct" before the shipped one; no stop unless it says so');
select is((select is_shipped from answerd.policy y join answerd.conversation c using (policy_id) where conversation_id = pg_temp.conv('d1b')::bigint), false);
select is(pg_temp.promise('a1'), 'soft - 20/09:01 20/09:01 -', 'audience');
select is(pg_temp.promise('q1'), 'question 20/09:45 20/10:00 20/10:30 21/09:00', 'other brands'' policies are not ours');
select is((select (next, notify, escalate)::text from answerd.policy where name = 'vip'), '(00:20:00,{care},{care})', 'absent: next as first, notify health''s, escalate as notify');
select is((select (notify, escalate)::text from answerd.policy where name = 'direct' and not is_shipped), '({desk},{desk})');
select is((select (notify, escalate)::text from answerd.policy where name = 'direct' and is_shipped), '({care},{care})', 'shipped ones tell health''s');
select is(pg_temp.verified(), '[]');

-- A change of promises or hours moves what waits, at once, and leaves a trace.
select is(pg_temp.conf(p_policies => '[{"name": "direct", "kinds": ["direct"], "warn_us": 2700000000, "first_us": 7200000000, "next_us": 10800000000}]'), 4, 'changed and removed');
select is(pg_temp.promise('d1b'), 'direct 20/10:45 20/13:00 20/14:30 -', 'the new length');
select is(pg_temp.promise('a1'), 'about_us - 20/17:00 - -', 'the shipped one again');
select is((select array_agg(x ->> 'policy' order by x ->> 'policy') from answerd.audit a, jsonb_array_elements(a.detail -> 'changes') x
	where a.brand_id = 0 and a.seq = (select max(seq) from answerd.audit where brand_id = 0)), '{direct,elsewhere,soft,vip}', 'the audit names what changed');
select is((select (x #>> '{from,next_s}') || ' ' || (x #>> '{to,next_s}') from answerd.audit a, jsonb_array_elements(a.detail -> 'changes') x
	where a.brand_id = 0 and x ->> 'policy' = 'direct' order by a.seq desc limit 1), '7200 10800', 'from what to what');
select ok(exists (select from answerd.audit where brand_id = pg_temp.brand() and act = 'deadlines' and detail @> '{"moved": 4}' and detail ->> 'reason' like '%policy changed: direct%'),
	'and how many dates moved, and why');
select is(pg_temp.conf(p_policies => '[{"name": "direct", "kinds": ["direct"], "warn_us": 2700000000, "first_us": 7200000000, "next_us": 10800000000}]'), 0, 'said again: nothing happens');
select is((select count(*)::int from answerd.renewal), 0);
select pg_temp.conf('{"Mon-Fri 09:00-10:30,14:00-15:00"}');
select is(pg_temp.promise('q1'), 'question 20/09:45 20/10:00 20/10:30 21/09:00', 'still open at that time');
select is(pg_temp.promise('d1b'), 'direct 20/14:15 23/09:30 23/10:30 21/06:00', 'other hours, other dates');
select is((select detail #>> '{to,hours,0}' from answerd.audit where act = 'calendar' order by seq desc limit 1), 'Mon-Fri 09:00-10:30,14:00-15:00', 'the audit has the calendar''s change');
select pg_temp.conf('{"Mon-Fri 09:00-10:30,14:00-15:00"}', p_holidays => '[["2026-11-23", "2026-11-24", "Town day"]]');
select is(pg_temp.promise('d1b'), 'direct 20/14:15 24/09:30 24/10:30 21/06:00', 'a holiday moves it');
select pg_temp.conf('{"Mon-Fri 09:00-10:30,14:00-15:00"}', p_zone => 'Europe/Berlin');
select is(pg_temp.promise('d1b'), 'direct 20/13:45 23/09:00 23/13:30 21/06:00', 'and so does another time zone');
select is(pg_temp.verified(), '[]', 'all of it true');
-- New rules of a zone are seen.
update answerd.office_calendar set zone_rules = 'as they were';
select pg_temp.conf('{"Mon-Fri 09:00-10:30,14:00-15:00"}', p_zone => 'Europe/Berlin');
select ok(exists (select from answerd.audit where act = 'deadlines' and detail ->> 'reason' = 'rules of the time zone changed'), 'new rules of a zone are noticed');

-- What people see.
select pg_temp.conf();
select is(answerd.explain_conversation(pg_temp.conv('n1')) #>> '{promise,policy,name}', 'neutral', 'explain names the policy');
select is((select string_agg(t ->> 'policy', ' ') from json_array_elements(answerd.explain_conversation(pg_temp.conv('n1')) #> '{promise,tried}') t), 'thanks question direct neutral', 'and what was tried before it');
select is(answerd.explain_conversation(pg_temp.conv('n1')) #>> '{promise,tried,2,why}', 'it is for the kind direct; this is a mention', 'with the reason');
select is(answerd.explain_conversation(pg_temp.conv('n1')) #>> '{promise,frames,0,text}', 'Fri 2026-11-20 09:00-16:00: 7h', 'the hours that were counted');
select is((answerd.show_conversation(pg_temp.conv('n1')) ->> 'waiting_office_s')::int, 7 * 3600, 'both clocks');
select is((select state from answerd.queue where conversation_id = pg_temp.conv('n1')::bigint), 'overdue', 'the state is alive');
select is((select array_agg(business_seconds order by waiting_since) from answerd.response_times where conversation_id = pg_temp.conv('c1')::bigint), '{4800}', 'an answer''s time by the office''s clock');
select pg_temp.conf('{"Mon-Fri 09:00-10:00,15:00-15:30"}');
select is((select array_agg(business_seconds order by waiting_since) from answerd.response_times where conversation_id = pg_temp.conv('c1')::bigint), '{3600}', 'of the hours as they are now');
select pg_temp.conf('{"Mon 09:00-17:00"}');
select is((select to_char(due_key at time zone 'UTC', 'DD/HH24:MI') || ' ' || to_char(due_at at time zone 'UTC', 'DD/HH24:MI') from answerd.queue_row where conversation_id = pg_temp.conv('q1')::bigint),
	'21/09:00 23/10:00', 'what falls due next may be the hard stop');
select pg_temp.conf();
update answerd.conversation set due_at = due_at + interval '1 s' where conversation_id = pg_temp.conv('n1')::bigint;
select alike(pg_temp.verified(), '%is due at%and should be at%', 'verify sees a wrong date');
rollback;
