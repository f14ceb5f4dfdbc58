-- Protects the reports: waits found in one walk are those that the view tells one by one, wherever the span begins; percentiles,
-- promises, both clocks, the number of those who waited at an instant, and CSV that no spreadsheet takes for a formula (S19).
begin;
\ir house.psql
select plan(54);
select pg_temp.clock('23:00');
select brand_id as b from answerd.brand \gset
create function pg_temp.days(p_day text) returns timestamptz language sql as $$ select (p_day || 'Z')::timestamptz $$;

-- Forty customers talk with us at random, then their day becomes ten.
select setseed(0.42);
do $$
declare
	v_minute int;
	v_who int;
	v_last text;
begin
	for i in 1 .. 260 loop
		v_minute := 60 + i * 5;
		v_who := 1 + floor(random() * 40);
		select m.external_id into v_last from answerd.message m join answerd.identity a on a.identity_id = m.customer_id where a.external_id = 'c' || v_who
			and m.direction = 'inbound' order by m.ord_at desc limit 1;
		if v_last is not null and random() < 0.45 then
			perform pg_temp.say('us', 'r' || i, format('%s:%s', lpad((v_minute / 60)::text, 2, '0'), lpad((v_minute % 60)::text, 2, '0')), 'words ' || i, v_last,
				p_names => case when random() < 0.2 then array['c' || (1 + floor(random() * 40))] else '{}' end, p_auto => random() < 0.05);
		else
			perform pg_temp.say('c' || v_who, 'm' || i, format('%s:%s', lpad((v_minute / 60)::text, 2, '0'), lpad((v_minute % 60)::text, 2, '0')), 'words ' || i,
				case when random() < 0.8 then v_last end, p_nature => (array['question', 'complaint', 'neutral', 'thanks'])[1 + floor(random() * 4)]);
		end if;
	end loop;
end $$;
update answerd.message set at = pg_temp.days('2026-11-10') + (at - pg_temp.days('2026-11-20')) * 10, ord_at = pg_temp.days('2026-11-10') + (ord_at - pg_temp.days('2026-11-20')) * 10;
select answerd.recompute(brand_id, account_id, array_agg(root_id), array_agg(customer_id), array_agg(true)) is not null from answerd.message group by brand_id, account_id;
select cmp_ok((select count(*) from answerd.response_times), '>', 50::bigint, 'the random day has many answered waits');
create function pg_temp.waits_of(p_look timestamptz) returns table (conversation_id bigint, oldest_id text, c_kind answerd.message_kind, c_nature answerd.message_nature,
	c_about bool, since timestamptz, answered_at timestamptz, is_first bool, kind answerd.message_kind, nature answerd.message_nature, is_about bool) language sql as $$
	select c.conversation_id, c.oldest_id, c.kind, c.nature, c.is_about, w.since, w.answered_at, w.is_first, w.kind, w.nature, w.is_about
	from answerd.waits(p_look, null, false) w join answerd.message m on m.ctid = w.at_row join answerd.conversation c on (c.customer_id, c.root_id, c.account_id, c.brand_id) = (m.customer_id, m.root_id, m.account_id, m.brand_id)
$$;
create function pg_temp.of_view(p_from timestamptz) returns setof text language sql as $$
	select format('%s %s %s', conversation_id, waiting_since, answered_at) from answerd.response_times where answered_at >= p_from order by 1
$$;
create function pg_temp.of_waits(p_from timestamptz, p_look timestamptz) returns setof text language sql as $$
	select format('%s %s %s', w.conversation_id, w.since, w.answered_at) from pg_temp.waits_of(p_look) w where w.answered_at >= p_from order by 1
$$;
select results_eq($$select pg_temp.of_waits('-infinity', null)$$, $$select pg_temp.of_view('-infinity')$$, 'all waits are the view''s');
select results_eq(format('select pg_temp.of_waits(%L, %1$L)', d), format('select pg_temp.of_view(%L)', d), 'and when the walk begins at ' || d)
from generate_series(pg_temp.days('2026-11-11'), pg_temp.days('2026-11-19'), interval '2 days') d;
select results_eq(format($$select conversation_id, since from pg_temp.waits_of(%L) w where w.answered_at is null and since >= %1$L order by 1$$, d),
	format('select conversation_id, waiting_since from answerd.conversation where waiting_since >= %L order by 1', d), 'who still waits, from ' || d)
from generate_series(pg_temp.days('2026-11-11'), pg_temp.days('2026-11-19'), interval '4 days') d;
select results_eq($$select format('%s %s', w.conversation_id, w.since) from pg_temp.waits_of('2026-11-15Z') w where w.is_first and w.answered_at > '2026-11-15Z' order by 1$$,
	$$select format('%s %s', t.conversation_id, t.waiting_since) from answerd.response_times t join answerd.conversation c using (conversation_id)
		where t.answered_at > '2026-11-15Z' and not exists (select from answerd.message r where r.root_id = c.root_id and r.is_answer
			and (r.customer_id = c.customer_id or exists (select from answerd.answer_link k where k.customer_id = c.customer_id and k.external_id = r.external_id))
			and r.ord_at < t.waiting_since) order by 1$$, 'a first answer is one before which we had said nothing to them there');
select is((select count(*) from pg_temp.waits_of(null) w where w.answered_at is null and (w.kind, w.nature, w.is_about) is distinct from (w.c_kind, w.c_nature, w.c_about)),
	0::bigint, 'kind, nature and audience are those by which the conversation''s own promise is chosen');

-- Business time in arrays is business time.
select is((select count(*) from generate_series(pg_temp.days('2026-11-01'), pg_temp.days('2026-11-22'), interval '37 min') t
	cross join answerd.office_hours('2026-11-01Z', '2026-11-22Z') o
	where o.brand_id = :b and abs(answerd.office_at(width_bucket(date_part('epoch', t), o.opens), o.opens, o.closes, o.before_s, date_part('epoch', t)) - answerd.office_us(:b, t) / 1000000.0) > 0.001), 0::bigint,
	'office time by binary search is office time');

-- Percentiles: the whole report against a model of nearest rank.
create function pg_temp.rank(p_values numeric[], p_q numeric) returns numeric language sql as $$
	select (array_agg(v order by v))[greatest(ceil(p_q * count(*)), 1)::int] from unnest(p_values) v
$$;
create temp table report as select answerd.report_response_times('2026-11-13Z', '2026-11-18Z', 'platform', null, false) as r;
create temp table model as select * from answerd.response_times where waiting_since >= '2026-11-13Z' and waiting_since < '2026-11-18Z';
select is((select (r -> 'total' ->> 'count')::int from report), (select count(*)::int from model), 'how many');
select is((select (r #>> '{items,0,key}') || (r #>> '{items,0,count}') from report), (select 'mastodon' || count(*) from model), 'all on one platform');
select is((select (r #>> '{total,first,count}')::int + (r #>> '{total,next,count}')::int from report), (select count(*)::int from model), 'each is a first or a next one');
select results_eq($$select (r #>> format('{total,%s,%s}', n, p)::text[])::numeric from report, unnest(array['p50_s', 'p90_s', 'p99_s']) p, unnest(array['first', 'next']) n order by n, p$$,
	$$select pg_temp.rank(array_agg(extract(epoch from w.answered_at - w.since)) filter (where w.is_first = (n = 'first')), q)
		from answerd.waits(null, null, false) w, unnest(array['first', 'next']) n, unnest(array[0.5, 0.9, 0.99]) q
		where w.since >= '2026-11-13Z' and w.since < '2026-11-18Z' and w.answered_at is not null group by n, q order by n, q$$, 'percentiles are real waits, by nearest rank');
select is((select (r #>> '{total,open}')::int from report), (select count(*)::int from answerd.conversation where waiting_since >= '2026-11-13Z' and waiting_since < '2026-11-18Z'),
	'who still waits is counted beside them');
select is((select sum((x ->> 'count')::int)::int from json_array_elements(answerd.report_response_times('2026-11-13Z', '2026-11-18Z', k, null, true) -> 'items') x),
	(select count(*)::int from model), 'by ' || k || ' nobody is lost') from unnest(array['account', 'hour', 'day', 'staff']) k;
select throws_ok($$select answerd.report_response_times(null, null, 'staff', null, false)$$, 'AN403', null, 'staff are told apart only where that is allowed');
select throws_ok($$select answerd.report_response_times(null, null, 'mood', null, false)$$, 'AN400', null, 'by what else?');
select throws_ok($$select answerd.report_response_times('2026-11-18Z', '2026-11-13Z', 'day', null, false)$$, 'AN400', null, 'a span has a direction');

-- Waiting at an instant, against a count by hand.
create temp table waiting as select (x ->> 'at')::timestamptz as at, (x ->> 'waiting')::int as n, (x ->> 'oldest_s')::bigint as oldest, (x ->> 'began')::int as began,
	(x ->> 'answered')::int as answered from json_array_elements(answerd.report_waiting('2026-11-11Z', '2026-11-20Z', null) -> 'items') x;
create temp table truth as select w.since, coalesce(w.answered_at, 'infinity') as ended_at from answerd.waits(null, null, false) w;
select is((select count(*) from waiting), 9::bigint, 'a point a day');
select results_eq('select n::bigint from waiting order by at', 'select (select count(*) from truth t where t.since <= w.at and t.ended_at > w.at) from waiting w order by at',
	'how many waited at each');
select results_eq('select oldest from waiting order by at', 'select (select extract(epoch from w.at - min(t.since))::bigint from truth t where t.since <= w.at and t.ended_at > w.at) from waiting w order by at',
	'and how long the oldest had');
select is((select sum(began) from waiting), (select count(*) from truth where since >= '2026-11-11Z' and since <= '2026-11-20Z'), 'all beginnings');
select is((select sum(answered) from waiting), (select count(*) from truth where ended_at >= '2026-11-11Z' and ended_at <= '2026-11-20Z'), 'all ends');

-- Who was sent away, or went away, had waited until then, once.
delete from answerd.message;
delete from answerd.conversation;
delete from answerd.answer_link;
select pg_temp.say('zoe', 'z1', '09:00', 'one?');
select pg_temp.say('zoe', 'z2', '09:30', 'two?', 'z1');
select pg_temp.say('yan', 'y1', '10:10', 'bye');
select pg_temp.clock('11:30');
select pg_temp.gone('z1');
select pg_temp.clock('12:30');
select answerd.dismiss(pg_temp.conv('y1'), pg_temp.staff('ann'), 'a greeting') is not null;
select pg_temp.clock('14:30');
select pg_temp.say('us', 'z3', '14:15', 'two it is', 'z2');
select pg_temp.clock('16:00');
create temp table day as select answerd.report_waiting('2026-11-20T08:00Z', '2026-11-20T16:00Z', 'acme') as r;
select is((select string_agg(x ->> 'waiting', ' ' order by x ->> 'at') from day, json_array_elements(r -> 'items') x), '1 1 2 2 1 1 0 0',
	'nine to four, hour by hour: one who wrote twice waits once; dismissed at half past twelve; answered a quarter past two');
select is((select string_agg(coalesce(x ->> 'oldest_s', '-'), ' ' order by x ->> 'at') from day, json_array_elements(r -> 'items') x), '0 3600 7200 10800 14400 18000 - -', 'the oldest of them');
select is((select string_agg((x ->> 'answered') || (x ->> 'dismissed') || (x ->> 'deleted'), ' ' order by x ->> 'at') from day, json_array_elements(r -> 'items') x),
	'000 000 000 000 010 000 100 000', 'and how each wait ended');
select is((select r ->> 'zone' from day), 'Europe/London', 'hours are the brand''s');

-- Promises: office hours are Mon-Fri 09:00-17:00 London; 2026-11-20 is a Friday. A question: first and next answer within an hour of office time.
select answerd.calendar_made(:b, 'Europe/London', '{Mon-Fri 09:00-17:00}', '[]', 'x', '2030-01-01Z');
delete from answerd.policy_choice;
insert into answerd.policy_choice (brand_id, policy_id, first, next, kind, nature, is_about, is_calendar, is_digest)
select :b, 1, '1 h', '2 h', k, n, false, false, false from unnest(enum_range(null::answerd.message_kind)) k, unnest(enum_range(null::answerd.message_nature)) n;
delete from answerd.message;
delete from answerd.conversation;
select pg_temp.say('ada', 'a1', '08:00', 'early');
select pg_temp.say('us', 'a2', '09:59', 'in time: 59 minutes of office time', 'a1');
select pg_temp.say('ada', 'a3', '10:00', 'more', 'a2');
select pg_temp.say('us', 'a4', '12:01', 'too late: 2 h 1 min', 'a3');
select pg_temp.say('bob', 'b1', '14:00', 'nobody answers');
select pg_temp.say('cyd', 'd1', '15:30', 'not due yet');
select is((answerd.report_response_times('2026-11-20Z', '2026-11-21Z', 'day', 'acme', false) -> 'total' -> 'within')::text, '{"kept" : 1, "broken" : 2, "share" : 0.3333}',
	'kept once; once answered too late and once not at all; who is not due yet is not judged');
select is((answerd.report_response_times('2026-11-20Z', '2026-11-21Z', 'day', 'acme', false) #> '{items,0,first}')::jsonb,
	'{"count":1,"p50_s":7140,"p90_s":7140,"p99_s":7140,"office_p50_s":3540,"office_p90_s":3540,"office_p99_s":3540}'::jsonb, 'both clocks');
select is((select string_agg(x ->> 'key', ' ') from json_array_elements(answerd.report_response_times('2026-11-20Z', '2026-11-21Z', 'hour', 'acme', false) -> 'items') x),
	'5-08 5-10 5-14 5-15', 'Friday at eight, ten, two and half past three');
update answerd.conversation set stop_at = pg_temp.at('15:00') where waiting_since is not null;
update answerd.conversation set stop_at = pg_temp.at('17:00') where customer_handle = 'cyd';
select is((select format('%s %s %s', r ->> 'count', r #>> '{items,0,customer,handle}', json_array_length(r -> 'items')) from (select answerd.report_never_answered(null, null, 'acme') as r) x),
	'1 bob 1', 'past the hard stop and still waiting');
select is((select format('%s %s %s %s', x ->> 'heard_to_us', x ->> 'replies', x ->> 'broadcasts', x ->> 'key') from json_array_elements(answerd.report_talk_listen('2026-11-20Z', '2026-11-21Z', null, null) -> 'items') x),
	'4 2 0 acme_social', 'heard and said');
select is((select format('%s %s %s', x ->> 'heard_to_us', x ->> 'replies', x ->> 'key') from json_array_elements(answerd.report_talk_listen('2026-11-20Z', '2026-11-21Z', 'day', 'acme') -> 'items') x),
	'4 2 2026-11-20', 'by day');

-- S19.
select is(answerd.csv_field(v), w, 'CSV of ' || quote_literal(v)) from (values ('=1+1', '''=1+1'), ('+49 30', '''+49 30'), ('-1', '''-1'), ('@a', '''@a'), (E'\tx', E'''\tx'),
	(E'\rx', E'"''\rx"'), (U&'\FF1Dx', U&'''\FF1Dx'), (U&'\FF20x', U&'''\FF20x'), ('a,"b"', '"a,""b"""'), (E'a\nb', E'"a\nb"'), (' a', '" a"'), ('a=b', 'a=b')) x(v, w);
select is(answerd.csv_of('[{"a":"=x","b":{"c":-1.5},"d":null},{"a":"ü","b":{"c":2},"d":true}]', '{a,b.c,d}'), E'a,b_c,d\r\n''=x,-1.5,\r\nü,2,true\r\n', 'a table');
select is(answerd.csv_of('[]', '{a,b.c}'), E'a,b_c\r\n', 'an empty one has its head');
select * from finish();
rollback;
