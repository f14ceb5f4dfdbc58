-- Protects the rules of deafness and of what was heard (RELIABILITY I1, I5; PRODUCT's pains 1, 2, 3, 8): each kind is told once and its
-- end too, nothing else is; holes are never counted as heard.
begin;
\ir house.psql
select plan(94);
select pg_temp.clock('10:00');
select answerd.declare_alerts('{"channels": [{"name": "owner", "type": "webhook", "group_us": 1000000}], "health": {"notify": ["owner"], "escalate": ["owner"]}}') is not null;
update answerd.account set leased_at = pg_temp.at('00:00');
update answerd.source set news_at = pg_temp.at('10:00'), heard_from = pg_temp.at('09:00'), interval_us = 60000000, polled_at = pg_temp.at('10:00');
insert into answerd.source (brand_id, account_id, name) select brand_id, account_id, unnest(array['threads', 'rechecks']) from answerd.account;
select source_id as mentions from answerd.source where name = 'mentions' \gset
select source_id as own from answerd.source where name = 'own' \gset
select brand_id as brand, account_id as account, epoch from answerd.account \gset

-- Everything that stands, in words; then it is told.
create function pg_temp.sweep(p_n int default 30) returns text language plpgsql as $$
begin
	for i in 1 .. p_n loop perform answerd.deaf_sweep(true); end loop;
	update answerd.delivery set state = 'told', told_at = now() where state = 'pending';
	return (select string_agg(event || ' ' || text, E'\n' order by alert_id) from answerd.alert where over_at is null);
end $$;
create function pg_temp.said() returns text language sql as $$ select event || ' ' || text from answerd.alert order by alert_id desc limit 1 $$;
create function pg_temp.n() returns int language sql as $$ select count(*)::int from answerd.alert $$;
create function pg_temp.fails(p_source int, p_kind text, p_text text, p_hour text, p_n int default 1) returns void language plpgsql as $$
begin
	update answerd.test_clock set shift = pg_temp.at(p_hour) - now();
	update answerd.source set heard_at = answerd.now() where failures = 0;
	for i in 1 .. p_n loop perform answerd.failed(a.brand_id, a.account_id, p_source, a.epoch, p_text, p_kind) from answerd.account a; end loop;
end $$;
create function pg_temp.hears(p_source int, p_hour text, p_is_regular bool default false) returns void language plpgsql as $$
begin
	update answerd.test_clock set shift = pg_temp.at(p_hour) - now();
	update answerd.source set heard_at = answerd.now() where failures = 0;
	if not p_is_regular then update answerd.source set polled_at = null where source_id = p_source; end if;
	perform answerd.heard(array_agg(brand_id), array_agg(account_id), array[p_source], array_agg(epoch), array[answerd.us(pg_temp.at(p_hour))]) from answerd.account;
end $$;
create function pg_temp.listens(p_source int) returns text language sql as $$ select is_heard || coalesce(' ' || trouble, '') from answerd.source_health where source_id = p_source $$;

select is(pg_temp.sweep(), null, 'all is well');
select is(pg_temp.listens(:mentions), 'true');

-- Failing: not by a hiccup, not twice, and its end is told
select pg_temp.fails(:mentions, 'retry', 'the server answers 502', '10:01', 2);
select is(pg_temp.sweep(), null, 'two failures are a hiccup');
select is(pg_temp.listens(:mentions), 'false', 'but nobody claims to listen');
select pg_temp.fails(:mentions, 'retry', 'the server answers 502', '10:04');
select is(pg_temp.sweep(), null, 'three within minutes still are one');
select pg_temp.fails(:mentions, 'retry', 'the server answers 502', '10:06');
select is(pg_temp.sweep(), 'deaf acme_social mentions: not listening since 10:01: 4 failures in a row, the last: the server answers 502.');
select is(pg_temp.listens(:mentions), 'false failing');
select is(answerd.listening() ->> 'text', 'acme_social: not listening since 10:01 to mentions');
select pg_temp.fails(:mentions, 'retry', 'the server answers 503', '10:30');
select pg_temp.sweep() is not null;
select is(pg_temp.n(), 1, 'told once');
select is((select key from answerd.alert), format('deaf:%s:%s:failing:%s', :account, :mentions, answerd.us(pg_temp.at('10:01'))), 'one key an account, source, reason and beginning');
select pg_temp.hears(:mentions, '10:31');
select is(pg_temp.sweep(), null);
select is(pg_temp.said(), 'hearing acme_social mentions is listened to again; it was not since 10:01.');
select is(pg_temp.listens(:mentions), 'true');

-- A dead account speaks once
select pg_temp.hears(:own, '10:31');
select pg_temp.fails(:own, 'retry', 'no connection', '11:00');
select pg_temp.fails(:mentions, 'retry', 'no connection', '11:00');
select pg_temp.fails(:own, 'retry', 'no connection', '11:06', 3);
select pg_temp.n() as before \gset
select is(pg_temp.sweep(), 'deaf acme_social: not listening since 11:00: 4 failures in a row, the last: no connection.', 'all of it fails: one telling, although only one failed long enough');
select pg_temp.fails(:mentions, 'retry', 'no connection', '11:08', 3);
select pg_temp.sweep() is not null;
select is(pg_temp.n(), :before + 1, 'the other source has nothing to add');
select is(pg_temp.listens(:mentions) || pg_temp.listens(:own), 'false unheardfalse unheard');
select pg_temp.hears(:own, '11:10');
select pg_temp.sweep() is not null;
select is(pg_temp.n(), :before + 1, 'half of it is not heard again');
select pg_temp.hears(:mentions, '11:11');
select is(pg_temp.sweep(), null);
select is(pg_temp.said(), 'hearing acme_social is listened to again; it was not since 11:00.');

-- Refused
select answerd.account_state(:brand, :account, :epoch, 'refused', 'the server refuses the token (401): make a new one and reload');
select matches(pg_temp.sweep(), '^deaf acme_social: not listening since .*: the server refuses the token \(401\): make a new one and reload\.$', '401, after the confirming try, at once');
select pg_temp.fails(:mentions, 'auth', 'the server refuses the token (401)', '11:12', 9);
select is(pg_temp.n(), :before + 3, 'its sources add nothing');
select pg_temp.sweep() is not null;
select is(pg_temp.n(), :before + 3);
select answerd.identified(:brand, :account, :epoch, null, null, null, null, null) is not null;
select pg_temp.hears(:mentions, '11:13');
select is(pg_temp.sweep(), null);
select matches(pg_temp.said(), '^hearing acme_social is listened to again');
select pg_temp.fails(:mentions, 'auth', 'the server forbids this (403)', '11:14');
select is(pg_temp.sweep(), null);
select pg_temp.fails(:mentions, 'auth', 'the server forbids this (403)', '11:15');
select is(pg_temp.sweep(), 'deaf acme_social mentions: not listening since 11:14: the server forbids this (403).', 'one source is forbidden, the account is let in');
select pg_temp.hears(:mentions, '11:16');
select is(pg_temp.sweep(), null);

-- A web page, and a language that changed
select pg_temp.fails(:mentions, 'data', 'a web page where JSON was expected', '11:20', 3);
select is(pg_temp.sweep(), null, 'a hiccup of an edge');
select pg_temp.fails(:mentions, 'data', 'a web page where JSON was expected', '11:23');
select matches(pg_temp.sweep(), '^deaf acme_social mentions: not listening since 11:20: a web page where JSON was expected; the answer is kept');
select pg_temp.hears(:mentions, '11:24');
select is(pg_temp.sweep(), null);
select answerd.hearing_fact(:brand, :account, :mentions, :epoch, 'unread', 1);
select matches(pg_temp.sweep(), '^deaf acme_social mentions: not listening since 11:24: most of what it serves cannot be read: a field is missing');
select is(pg_temp.listens(:mentions), 'false changed');
select pg_temp.hears(:mentions, '11:25');
select is(pg_temp.listens(:mentions), 'false changed', 'an empty page proves nothing');
select answerd.hearing_fact(:brand, :account, :mentions, :epoch, 'unread', 0);
select is(pg_temp.sweep(), null);

-- Tokens, clocks, rhythm: not deaf, but told before it is
select answerd.hearing_fact(:brand, :account, 0, :epoch, 'token_until', answerd.us(pg_temp.at('12:00') + interval '8 days'));
select is(pg_temp.sweep(), null);
select answerd.hearing_fact(:brand, :account, 0, :epoch, 'token_until', answerd.us(pg_temp.at('12:00') + interval '6 days'));
select is(pg_temp.sweep(), 'deaf acme_social: the token ends on 2026-11-26 12:00: make a new one, put it where the configuration says, and reload answerd.');
select is(pg_temp.listens(:mentions), 'true token', 'it is heard, still');
select answerd.hearing_fact(:brand, :account, 0, :epoch, 'token_until', 0);
select is(pg_temp.sweep(), null);
select is(pg_temp.said(), 'hearing acme_social: the token was renewed.');
select answerd.hearing_fact(:brand, :account, 0, :epoch, 'skew', 125000000);
select matches(pg_temp.sweep(), '^deaf acme_social: the server''s clock and ours are 2m apart');
select answerd.hearing_fact(:brand, :account, 0, :epoch - 1, 'skew', 0);
select matches(pg_temp.sweep(), 'apart', 'who lost the lease tells nothing');
select answerd.hearing_fact(:brand, :account, 0, :epoch, 'skew', 0);
select is(pg_temp.sweep(), null);
select is(pg_temp.said(), 'hearing acme_social: the clocks agree again.');
select pg_temp.hears(:mentions, h, true) from unnest(array['11:26', '11:27', '11:28', '11:29', '11:30']) h;
select pg_temp.hears(:mentions, '11:40', true);
select is(pg_temp.sweep(), null, 'one long pause is no rhythm');
select pg_temp.hears(:mentions, h, true) from unnest(array['11:44', '11:48', '11:52']) h;
select matches(pg_temp.sweep(), '^deaf acme_social mentions: asked every 2m instead of every 1m');
select is(pg_temp.listens(:mentions), 'true slow');
select pg_temp.hears(:mentions, h, true) from unnest(array['11:53', '11:54', '11:55']) h;
select is(pg_temp.sweep(), null);
select is(pg_temp.said(), 'hearing acme_social mentions is asked as often as it should be again.');

-- Stuck; nothing stored although nothing failed
update answerd.source set stuck_since = pg_temp.at('11:50') where source_id = :mentions;
select is(pg_temp.sweep(), null);
update answerd.test_clock set shift = pg_temp.at('12:01') - now();
select matches(pg_temp.sweep(), '^deaf acme_social mentions: not listening since 11:50: its walk goes on');
select pg_temp.hears(:mentions, '12:02'), pg_temp.hears(:own, '12:02');
select is(pg_temp.sweep(), null);
update answerd.test_clock set shift = pg_temp.at('13:00') - now();
select is(pg_temp.sweep(5), null, 'a clock that jumped is no deafness');
select is(pg_temp.listens(:mentions), 'false', 'but a doubt');
select matches(pg_temp.sweep(), '^deaf acme_social: not listening since 12:02: no answer was stored since then', 'the whole account, once');
select pg_temp.hears(:own, '13:01'), pg_temp.hears(:mentions, '13:01');
select is(pg_temp.sweep(), null);
update answerd.test_clock set shift = pg_temp.at('18:00') - now();
update answerd.account set leased_at = pg_temp.at('17:59');
select is(pg_temp.sweep(), null, 'a worker that has just come back may ask first');
select pg_temp.hears(:own, '18:00'), pg_temp.hears(:mentions, '18:00');

-- Silence: its own habits decide
update answerd.source set news_at = pg_temp.at('10:00');
update answerd.alert_house set silent_us = 4 * 3600000000;
select is(pg_temp.sweep(), null, 'habits are not known: eight hours of silence say nothing');
insert into answerd.rhythm_hour select :brand, :account, :mentions, d + h * interval '1 hour' from generate_series(pg_temp.at('00:00') - interval '40 days',
	pg_temp.at('00:00') - interval '1 day', '1 day') d cross join generate_series(9, 21) h;
update answerd.source set usual_at = null;
select is(answerd.silence_of(:brand, :account, :mentions, pg_temp.at('00:00') - interval '3 hours', 'Europe/London'), null, 'today may be a holiday');
select is(answerd.silence_of(:brand, :account, :mentions, pg_temp.at('00:00') - interval '51 hours', 'Europe/London'), interval '36 hours', 'but not three days');
insert into answerd.office_holiday values (:brand, pg_temp.at('00:00') - interval '90 days', pg_temp.at('00:00') - interval '89 days', 'a feast');
select is(answerd.silence_of(:brand, :account, :mentions, pg_temp.at('10:00'), 'Europe/London'), interval '3 hours', 'somebody spoke every hour of the day');
select is(answerd.silence_of(:brand, :account, :mentions, pg_temp.at('00:00') - interval '3 hours', 'Europe/London'), interval '36 hours', 'and nobody at night');
select matches(pg_temp.sweep(), '^deaf acme_social mentions: not listening since 10:00: it answers and brings nothing since 10:00, longer than it ever was silent at such a time \(1h\)');
select is(pg_temp.listens(:mentions), 'false silent');
select pg_temp.fails(:mentions, 'retry', 'the server answers 502', '18:00', 2);
select matches(pg_temp.sweep(), 'not listening since 10:00: it answers', 'a hiccup is nobody''s word');
select pg_temp.say('ann', 'm1', '18:00', 'Hello?');
select is(pg_temp.sweep(), null);
select is(pg_temp.said(), 'hearing acme_social mentions: somebody speaks again; nobody did since 10:00.');
update answerd.source set news_at = pg_temp.at('10:00'), usual_at = null where source_id = :mentions;
insert into answerd.office_holiday values (:brand, pg_temp.at('00:00'), pg_temp.at('00:00') + interval '1 day', 'a feast');
select is(pg_temp.sweep(), null, 'a holiday is no silence');
delete from answerd.office_holiday;
update answerd.source set news_at = pg_temp.at('18:00');

-- Quarantine, and an element of its own
select pg_temp.n() as before \gset
insert into answerd.quarantine (brand_id, account_id, source_id, reason, raw, raw_md5, first_seen_at, last_seen_at)
	select :brand, :account, :mentions, 'a number where text was expected', '', n::text, answerd.now(), answerd.now() from generate_series(1, 3) n;
select is(pg_temp.sweep(), 'quarantine acme_social mentions: 3 elements could not be read and are kept as served: a number where text was expected. answer quarantine shows what came.');
insert into answerd.quarantine (brand_id, account_id, source_id, reason, raw, raw_md5, first_seen_at, last_seen_at)
	values (:brand, :account, :mentions, 'a number where text was expected', '', '4', answerd.now(), answerd.now());
select pg_temp.sweep() is not null;
select is(pg_temp.n(), :before + 1, 'once a day');

-- Gaps and spans
create function pg_temp.spans() returns text language sql as $$ select string_agg(to_char(heard_from at time zone 'UTC', 'HH24:MI') || '-' ||
	to_char(heard_until at time zone 'UTC', 'HH24:MI'), ' ' order by heard_from) from answerd.coverage where source = 'mentions' $$;
update answerd.quarantine set resolved_at = now(), first_seen_at = '-infinity';
update answerd.alert set over_at = now() where over_at is null;
update answerd.source set heard_from = pg_temp.at('09:00'), heard_until = pg_temp.at('18:00');
update answerd.test_clock set shift = pg_temp.at('19:00') - now(); -- nobody has heard anything at 19:00 yet
select pg_temp.hears(:own, '19:00');
select answerd.gap_found(:brand, :account, :mentions, :epoch, answerd.us(pg_temp.at('19:00')), 'one page', answerd.us(pg_temp.at('18:40')), 0);
select is(pg_temp.spans(), '09:00-18:00', 'what comes behind the hole is not heard yet');
select pg_temp.hears(:mentions, '19:00');
select is(pg_temp.spans(), '09:00-18:00 18:40-19:00', 'from the oldest message behind the hole on');
select is(pg_temp.verified(), '[]');
select is((select percent || ' ' || string_agg(h ->> 'source' || ' ' || (h ->> 'from') || ' ' || (h ->> 'why'), ',') from answerd.heard_share(pg_temp.at('09:00'), pg_temp.at('19:00'), null, null),
	json_array_elements(holes) h group by percent), '93.33 mentions 2026-11-20T18:00:00.000000Z open: one page', 'the ledger says what part was heard');
select is(answerd.list_gaps() #>> '{items,0,doing}', 'It is read as soon as there is time for it.');
select answerd.gap_found(:brand, :account, :mentions, :epoch, answerd.us(pg_temp.at('19:30')), 'retention', 0, 86400000000);
select is((select count(*)::int from answerd.gap), 1, 'something known is gone after half an hour: it was taken back');
select is((select state || ' ' || from_us - answerd.us(pg_temp.at('18:00')) from answerd.gaps_due(:brand, :account)), ' 0', 'it is due');
select gap_id as gap from answerd.gap \gset
select is(answerd.refilled(:brand, :account, :gap, :epoch, '{}', answerd.us(pg_temp.at('18:20')), false, false), 'open');
select is(answerd.refilled(:brand, :account, :gap, :epoch, '', answerd.us(pg_temp.at('17:58')), true, false), 'closed');
select is(pg_temp.spans(), '09:00-19:00', 'read after all: the spans grow together');
select is(json_array_length(answerd.list_gaps() -> 'items'), 0);
select is(pg_temp.sweep(), null, 'nobody was bothered');
update answerd.test_clock set shift = pg_temp.at('21:00') - now();
select answerd.gap_found(:brand, :account, :mentions, :epoch, answerd.us(pg_temp.at('21:00')), 'one page', 0, 0);
select pg_temp.hears(:mentions, '21:00'), pg_temp.hears(:own, '21:00');
select pg_temp.hears(:mentions, '21:01');
select gap_id as gap from answerd.gap where closed_at is null \gset
select is(answerd.refilled(:brand, :account, :gap, :epoch, '', answerd.us(pg_temp.at('20:00')), true, false), 'open');
select is((select wait_us from answerd.gaps_due(:brand, :account)), 300000000::bigint, 'again in five minutes');
select is(answerd.refilled(:brand, :account, :gap, :epoch, '', 0, true, true), 'open');
select is(answerd.refilled(:brand, :account, :gap, :epoch, '', answerd.us(pg_temp.at('20:00')), true, false), 'lost');
select is(pg_temp.spans(), '09:00-19:00 20:00-21:01', 'the part that was read counts');
select is(pg_temp.sweep(), 'gap acme_social mentions: what was said from 19:00 to 20:00 was not all heard: one page. It is lost: the platform shows nothing before 2026-11-20 20:00 UTC any more. Look on the platform itself.');
select is((select string_agg(i ->> 'state' || ' ' || (i ->> 'reason'), ',') from json_array_elements(answerd.list_gaps() -> 'items') i), 'lost one page; the platform shows nothing before 2026-11-20 20:00 UTC any more');
select is(pg_temp.verified(), '[]');
update answerd.source set heard_from = pg_temp.at('18:30') where source_id = :mentions;
select matches(pg_temp.verified(), 'twice.*was heard, as its coverage says|was heard, as its coverage says.*twice', 'verify sees a cursor beyond a gap, and spans over each other');
update answerd.source set heard_from = pg_temp.at('20:30') where source_id = :mentions;
select matches(pg_temp.verified(), 'was not heard between .* and no gap says so', 'and a hole that nobody speaks of');
select is((select array_agg(text) from answerd.alert where text_parts is null), null, 'what is told stands beside its parts');
select is((select array_agg(text) from answerd.trouble_now where text is distinct from answerd.said(parts, 'Europe/London')), null, 'so is what is wrong');
select is((select array_agg(g ->> 'reason') from json_array_elements(answerd.list_gaps() -> 'items') g where g ->> 'reason' is distinct from answerd.said((g -> 'reason_parts')::jsonb, 'UTC')
	or g ->> 'reason' = ''), null, 'the reason of a gap is made of the parts beside it');
select * from finish();
rollback;
