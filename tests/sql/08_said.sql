-- Protects that what is said in parts is the English sentence beside it: each phrase to the letter (they stand in answers that programs read,
-- DESIGN §6), how parts are joined, and that wherever an answer has parts its sentence is made of them.
begin;
\ir house.psql
select no_plan();
select pg_temp.clock('12:00');

create temp table phrase (part jsonb, english text);
insert into phrase values
	('{"code": "other_business"}', 'another business speaks: context, nobody waits'),
	('{"code": "ours_deleted"}', 'ours, deleted: it answers nothing'),
	('{"code": "ours_reaction"}', 'a reaction of ours: acknowledged, not answered'),
	('{"code": "ours_program"}', 'written by a program: it answers nothing'),
	('{"code": "ours_answer"}', 'our answer to this customer: it ends the wait for everything before it'),
	('{"code": "ours_names"}', 'our answer to somebody else names this customer: it ends the wait too'),
	('{"code": "ours_other"}', 'our answer to somebody else: it does not end this wait'),
	('{"code": "ours_post"}', 'our own post'),
	('{"code": "by_native"}', 'written in the platform''s own app'),
	('{"code": "by_staff", "login": "ann"}', 'written by ann'),
	('{"code": "reaction"}', 'a reaction: attached, nobody waits'),
	('{"code": "deleted"}', 'deleted by its author or the platform: nobody waits for it any more'),
	('{"code": "to_us_direct"}', 'to us: a direct message'),
	('{"code": "to_us_review"}', 'to us: a review of what is ours'),
	('{"code": "to_us_comment"}', 'to us: it names us or stands on what is ours'),
	('{"code": "to_us_names"}', 'to us: it names us'),
	('{"code": "to_us_replies"}', 'to us: it answers a message of ours'),
	('{"code": "to_us_answered"}', 'to us: we answered it directly'),
	('{"code": "to_us_goes_on"}', 'to us: it continues its author''s own message to us'),
	('{"code": "about_us", "nature": "question"}', 'about us, not to us: a search found this question'),
	('{"code": "about_us_only"}', 'about us, not to us: a search found it; neither a question nor a complaint, so nobody waits'),
	('{"code": "overheard"}', 'overheard: to somebody else, nobody waits'),
	('{"code": "other_customer"}', 'another customer, a conversation of its own'),
	('{"code": "settled"}', 'settled without a reply'),
	('{"code": "settled_by", "who": "Ann Ash", "at": "2026-11-20T10:05:00.000000Z", "reason": "told by telephone"}', 'Ann Ash said at 10:05 that no reply is needed: told by telephone'),
	('{"code": "settled_erased", "who": "Ann Ash", "at": "2026-11-20T10:05:00.000000Z"}', 'Ann Ash said at 10:05 that no reply is needed: (the reason was erased)'),
	('{"code": "waits_since", "at": "2026-11-20T10:05:00.000000Z"}', 'waits since 10:05'),
	('{"code": "answered_by", "at": "2026-11-20T10:05:00.000000Z", "message": "o1", "actor": "native"}', 'answered at 10:05 by our message o1 (native)'),
	('{"code": "answered_after", "at": "2026-11-20T10:05:00.000000Z", "message": "o1", "actor": "native"}', 'answered at 10:05 by our message o1 (native), which covers everything before it'),
	('{"code": "waits", "at": "2026-11-20T10:05:00.000000Z", "n": 2}', 'Waits since 10:05: 2 messages without an answer'),
	('{"code": "waits_about"}', 'about us and not to us (a softer promise; not in the plain list)'),
	('{"code": "waits_thanks"}', 'only thanks (not in the plain list)'),
	('{"code": "waits_asleep", "at": "2026-11-20T10:05:00.000000Z"}', 'asleep until 10:05'),
	('{"code": "nobody_waits"}', 'Nobody waits:'),
	('{"code": "ended_empty"}', 'there is no message to us in it'),
	('{"code": "ended_dismissed", "who": "Ann Ash", "at": "2026-11-20T10:05:00.000000Z"}', 'Ann Ash said at 10:05 that no reply is needed'),
	('{"code": "ended_settled"}', 'it was settled without a reply'),
	('{"code": "ended_deleted"}', 'the customer deleted the message'),
	('{"code": "ended_answered"}', 'it was answered'),
	('{"code": "ended_nothing"}', 'nothing in it asks for a reply'),
	('{"code": "policy_shipped", "name": "direct"}', 'Policy "direct" (shipped)'),
	('{"code": "policy_own", "name": "direct"}', 'Policy "direct" (of the configuration)'),
	('{"code": "by_calendar"}', 'on the calendar''s clock:'),
	('{"code": "by_office"}', 'on the office''s clock:'),
	('{"code": "promise_warn", "warn_s": 2700}', 'warning after 45m'),
	('{"code": "promise_first", "first_s": 3600}', 'a first answer within 1h'),
	('{"code": "promise_first_none"}', 'no date for a first answer'),
	('{"code": "promise_next", "next_s": 7200}', 'a next answer within 2h'),
	('{"code": "promise_next_none"}', 'no date for a next answer'),
	('{"code": "promise_stop", "stop_s": 72000}', 'never later than 20h by the calendar'),
	('{"code": "both_clocks", "customer_s": 5400, "office_s": 20}', 'The customer''s clock: 1h 30m. The office''s clock: 20s.'),
	('{"code": "hours", "from_at": "2026-11-20T09:00:00.000000Z", "until_at": "2026-11-20T11:30:00.000000Z", "length_s": 9000}', 'Fri 2026-11-20 09:00-11:30: 2h 30m'),
	('{"code": "closed", "from_at": "2026-11-20T09:00:00.000000Z", "until_at": "2026-11-20T11:30:00.000000Z", "name": "direct"}', 'Fri 2026-11-20 09:00 to 2026-11-20 11:30: closed, direct'),
	('{"code": "step_warn", "at": "2026-11-20T10:05:00.000000Z"}', '10:05 warn:'),
	('{"code": "step_due", "at": "2026-11-20T10:05:00.000000Z"}', '10:05 due:'),
	('{"code": "step_lead", "at": "2026-11-20T10:05:00.000000Z"}', '10:05 lead:'),
	('{"code": "step_stop", "at": "2026-11-20T10:05:00.000000Z"}', '10:05 stop:'),
	('{"code": "tell_imported"}', 'nobody is told, it came with the imported history'),
	('{"code": "tell_digest"}', 'nobody is told singly, it stands in the daily digest'),
	('{"code": "tell_told", "whom": {"code": "the_person", "name": "Ann Ash"}}', 'Ann Ash has been told'),
	('{"code": "tell_skipped"}', 'a later step was told before it'),
	('{"code": "tell_nowhere", "whom": {"code": "the_person", "name": "Ann Ash"}}', 'Ann Ash would be told, but there is no channel: set notify or health.notify'),
	('{"code": "tell_will", "whom": {"code": "the_person", "name": "Ann Ash"}, "channels": ["care", "owner"]}', 'Ann Ash is told through care, owner'),
	('{"code": "the_team"}', 'the team'),
	('{"code": "the_lead"}', 'the lead'),
	('{"code": "the_owner"}', 'the owner'),
	('{"code": "the_person", "name": "direct"}', 'direct'),
	('{"code": "match_to_us", "kind": "mention", "nature": "question", "brand": "acme"}', 'the first that is for this: kind mention, nature question, to us, brand acme'),
	('{"code": "match_about", "kind": "mention", "nature": "question", "brand": "acme"}', 'the first that is for this: kind mention, nature question, about us, brand acme'),
	('{"code": "miss_brand", "brands": ["other", "third"], "brand": "acme"}', 'it is for other, third; this is acme'),
	('{"code": "miss_about"}', 'it is for what is said to us; this is about us'),
	('{"code": "miss_to_us"}', 'it is for what is said about us; this is to us'),
	('{"code": "miss_kind", "kinds": ["direct"], "kind": "mention"}', 'it is for the kind direct; this is a mention'),
	('{"code": "miss_kinds", "kinds": ["direct", "review"], "kind": "mention"}', 'it is for the kinds direct, review; this is a mention'),
	('{"code": "miss_nature", "natures": ["praise", "thanks"], "nature": "question"}', 'it is for praise, thanks; this is question'),
	('{"code": "words", "text": "HTTP 503"}', 'HTTP 503'),
	('{"code": "words_on", "text": "HTTP 503"}', 'HTTP 503'),
	('{"code": "worker_stopped"}', 'the worker was stopped while it was being posted'),
	('{"code": "worker_stopped_before"}', 'the worker was stopped before it was its turn'),
	('{"code": "worker_ended"}', 'the worker that posted it ended before it knew'),
	('{"code": "worker_frozen"}', 'the worker that posted it does not answer any more'),
	('{"code": "id_unknown"}', 'the platform took it and did not say under which id'),
	('{"code": "look_long"}', 'there is more to read than one look reads'),
	('{"code": "unbegun"}', 'the database did not confirm the intent, so nothing was begun'),
	('{"code": "one_post", "reply": "7"}', 'the platform shows one post for it and for reply 7.'),
	('{"code": "cannot_ask"}', 'this platform cannot be asked what we posted.'),
	('{"code": "older_copy"}', 'it was queued before the database came back, which may be an older copy, and this platform cannot be asked what we posted.'),
	('{"code": "older_unread", "failure": {"code": "words", "text": "HTTP 503"}}', 'it was queued before the database came back, and the platform cannot be read: HTTP 503.'),
	('{"code": "look_failed", "failure": {"code": "words", "text": "HTTP 503"}}', 'it cannot be looked for: HTTP 503'),
	('{"code": "look_unread", "failure": {"code": "words", "text": "HTTP 503"}}', 'the platform cannot be read: HTTP 503.'),
	('{"code": "absent_frozen"}', 'it is not on the platform, but the worker that posted it may be frozen and may yet wake up.'),
	('{"code": "absent_no_key"}', 'it is not on the platform, and the platform has no key that makes sending it again safe.'),
	('{"code": "absent_old_key"}', 'it is not on the platform, and the key that makes sending it again safe is too old.'),
	('{"code": "sent_again", "looks": 3}', 'it was not there in 3 looks; sent again under the same key'),
	('{"code": "second_person", "reply": "7"}', 'it waits for a second person: answer approve 7'),
	('{"code": "returned", "note": "Too curt."}', 'returned: Too curt.'),
	('{"code": "gap_hidden"}', 'the platform does not show everything behind its first page'),
	('{"code": "gap_adrift"}', 'nothing that was known is there any more: the platform may not keep messages for so long'),
	('{"code": "lost_first_page"}', 'the platform does not show what lies behind its first page'),
	('{"code": "lost_all"}', 'the platform shows nothing of that time any more'),
	('{"code": "lost_before", "at": "2026-11-20T10:05:00.000000Z"}', 'the platform shows nothing before 2026-11-20 10:05 UTC any more'),
	('{"code": "hole_lost"}', 'lost:'),
	('{"code": "hole_open"}', 'open:'),
	('{"code": "hole_before"}', 'before it was listened to'),
	('{"code": "hole_behind"}', 'not heard yet'),
	('{"code": "note_dismissed", "reason": "told by telephone"}', 'No reply needed: told by telephone'),
	('{"code": "note_given", "who": "Ann Ash", "reason": "told by telephone"}', 'Given to Ann Ash: told by telephone'),
	('{"code": "note_given_back", "reason": "told by telephone"}', 'Given back to the queue: told by telephone'),
	('{"code": "deaf_account", "account": "acme_social", "at": "2026-11-20T10:05:00.000000Z", "why": {"code": "words", "text": "HTTP 401"}}', 'acme_social: not listening since 10:05: HTTP 401.'),
	('{"code": "deaf_source", "account": "acme_social", "source": "mentions", "at": "2026-11-20T10:05:00.000000Z", "why": {"code": "words", "text": "HTTP 401"}}', 'acme_social mentions: not listening since 10:05: HTTP 401.'),
	('{"code": "doubt_account", "account": "acme_social", "why": {"code": "words", "text": "HTTP 401"}}', 'acme_social: HTTP 401.'),
	('{"code": "doubt_source", "account": "acme_social", "source": "mentions", "why": {"code": "words", "text": "HTTP 401"}}', 'acme_social mentions: HTTP 401.'),
	('{"code": "why_unreadable", "failure": {"code": "words", "text": "HTTP 503"}}', 'HTTP 503; the answer is kept: answer quarantine'),
	('{"code": "why_failing", "failures": 4, "failure": {"code": "words", "text": "HTTP 503"}}', '4 failures in a row, the last: HTTP 503'),
	('{"code": "why_changed"}', 'most of what it serves cannot be read: a field is missing or has changed, so the platform may have changed its answers. answer quarantine shows them; a newer answerd may know them'),
	('{"code": "why_budget", "at": "2026-11-20T10:05:00.000000Z"}', 'the platform lets us ask nothing more until 10:05. Set a slower `every`, listen to fewer sources, or find out who else uses this token'),
	('{"code": "why_late"}', 'no answer was stored since then, although nothing failed. The log of the worker says more: journalctl -u answerd'),
	('{"code": "why_stuck"}', 'its walk goes on from page to page and brings nothing new: the platform may give the same pages for ever. Look there whether something is newer than what is shown here'),
	('{"code": "why_silent", "at": "2026-11-20T10:05:00.000000Z", "usual_s": 7200}', 'it answers and brings nothing since 10:05, longer than it ever was silent at such a time (2h). Look at the platform: if somebody wrote there, make a new token; if nobody did, acknowledge this'),
	('{"code": "why_slow", "asked_s": 90, "every_s": 60}', 'asked every 1m instead of every 1m: the platform''s limits, or other accounts, leave no more. Set a slower `every`, or listen to fewer sources'),
	('{"code": "token_ends", "at": "2026-11-20T10:05:00.000000Z", "todo": {"code": "token_connect", "account": "acme_social"}}', 'the token ends on 2026-11-20 10:05: let us in again: answerd connect acme_social'),
	('{"code": "token_ended", "at": "2026-11-20T10:05:00.000000Z", "todo": {"code": "token_connect", "account": "acme_social"}}', 'the token ended on 2026-11-20 10:05: let us in again: answerd connect acme_social'),
	('{"code": "token_connect", "account": "acme_social"}', 'let us in again: answerd connect acme_social'),
	('{"code": "token_make"}', 'make a new one, put it where the configuration says, and reload answerd'),
	('{"code": "clock_apart", "apart_s": 90}', 'the server''s clock and ours are 1m apart: look at the time of this machine (timedatectl) first'),
	('{"code": "other_user"}', 'the credential belongs to another user of the platform than this account''s messages; give this user an account of its own name in the configuration, or restore the old credential'),
	('{"code": "other_token"}', 'somebody let us in with another `token` than this worker has read: reload answerd'),
	('{"code": "renewal_lost"}', 'its answer was lost when the session was renewed (a crash or a cut line), and the platform refuses the old one now'),
	('{"code": "reads_spent", "limit": 500}', 'the month''s 500 messages (`monthly_reads`) are read: nothing more is until the next month, or until the configuration allows more'),
	('{"code": "usd_spent", "limit": 500}', 'the month''s 500 US dollars (`monthly_usd`) are spent: nothing more is read until the next month, or until the configuration allows more; replies are posted all the same'),
	('{"code": "let_in", "why": {"code": "words", "text": "HTTP 401"}, "account": "acme_social"}', 'HTTP 401. Let us in: answerd connect acme_social'),
	('{"code": "over_gone", "name": "direct"}', 'direct is not configured any more.'),
	('{"code": "over_token", "name": "direct"}', 'direct: the token was renewed.'),
	('{"code": "over_clock", "name": "direct"}', 'direct: the clocks agree again.'),
	('{"code": "over_slow", "name": "direct"}', 'direct is asked as often as it should be again.'),
	('{"code": "over_silent", "name": "direct", "at": "2026-11-20T10:05:00.000000Z"}', 'direct: somebody speaks again; nobody did since 10:05.'),
	('{"code": "over_deaf", "name": "direct", "at": "2026-11-20T10:05:00.000000Z"}', 'direct is listened to again; it was not since 10:05.'),
	('{"code": "late_warn"}', 'Nobody has answered, and the time for it is nearly over.'),
	('{"code": "late_due"}', 'Nobody has answered in the promised time.'),
	('{"code": "late_lead"}', 'Nobody has answered in one and a half times the promised time.'),
	('{"code": "late_stop"}', 'Nobody has answered before the hard stop.'),
	('{"code": "zone_brand", "brand": "acme", "zone": "Mars/Base", "counted": "UTC"}', 'acme: the database does not know the time zone ''Mars/Base'' that the configuration names. Until it does, the brand''s office hours and deadlines are counted in UTC, and may be hours wrong. Bring tzdata up to date on the database''s machine (apt-get install tzdata); it is looked at every hour, and at a reload.'),
	('{"code": "zone_channel", "channel": "care", "zone": "Mars/Base"}', 'Channel care: the database does not know the time zone ''Mars/Base'' of its quiet hours; they are taken as UTC. Bring tzdata up to date on the database''s machine (apt-get install tzdata).'),
	('{"code": "zone_brand_known", "name": "direct"}', 'direct: the database knows its time zone.'),
	('{"code": "zone_channel_known", "name": "direct"}', 'Channel direct: the database knows its time zone.'),
	('{"code": "unread", "where": "acme_social mentions", "n": 2, "why": {"code": "words", "text": "HTTP 401"}}', 'acme_social mentions: 2 elements could not be read and are kept as served: HTTP 401. answer quarantine shows what came.'),
	('{"code": "gap_told", "account": "acme_social", "source": "mentions", "span": {"code": "span_to", "until_at": "2026-11-20T11:30:00.000000Z"}, "why": {"code": "words", "text": "HTTP 401"}, "todo": {"code": "token_connect", "account": "acme_social"}}', 'acme_social mentions: what was said to 11:30 was not all heard: HTTP 401. let us in again: answerd connect acme_social'),
	('{"code": "span_from", "from_at": "2026-11-20T09:00:00.000000Z", "until_at": "2026-11-20T11:30:00.000000Z"}', 'from 09:00 to 11:30'),
	('{"code": "span_to", "until_at": "2026-11-20T11:30:00.000000Z"}', 'to 11:30'),
	('{"code": "gap_is_lost", "why": {"code": "words", "text": "HTTP 401"}}', 'It is lost: HTTP 401. Look on the platform itself.'),
	('{"code": "gap_is_open"}', 'It is tried to read it after all: answer gaps.'),
	('{"code": "reply_lost", "reply": "7", "conversation": "42", "why": {"code": "words", "text": "HTTP 401"}}', 'Nobody knows whether reply 7 to conversation 42 was posted: HTTP 401 Look on the platform, then say answer replied 7 LINK, or answer not-there 7.'),
	('{"code": "reply_known", "reply": "7", "conversation": "42"}', 'It is known again what became of reply 7 to conversation 42: it is there.'),
	('{"code": "reply_not_there", "who": "Ann Ash", "reply": "7", "conversation": "42"}', 'Ann Ash looked: reply 7 to conversation 42 is not there, and goes again.'),
	('{"code": "replies_lost", "n": 2}', '2 replies were posted and nobody knows yet whether the platform has them: it is read back, and takes longer than it should.'),
	('{"code": "replies_known"}', 'It is known again what became of all replies.'),
	('{"code": "posting_paused", "account": "acme_social", "why": {"code": "words", "text": "HTTP 401"}}', 'Posting is paused on acme_social: HTTP 401. Replies stay queued; we try again by ourselves.'),
	('{"code": "posting_again", "account": "acme_social"}', 'acme_social lets us post again.'),
	('{"code": "posting_stopped", "who": "Ann Ash"}', 'Ann Ash stopped all posting. Replies stay queued until answer panic off.'),
	('{"code": "posting_goes_on", "who": "Ann Ash"}', 'Ann Ash lets posting go on.'),
	('{"code": "other_database", "queued": {"code": "queued_none"}}', 'This is another database than before, or an older copy of it (a failover, a restored backup): no reply was queued. What was answered just before may be missing here; compare answer replies with the platforms.'),
	('{"code": "queued_none"}', 'no reply was queued'),
	('{"code": "queued_some", "replies": 3}', '3 queued replies are read back on their platforms before they are posted'),
	('{"code": "money_spent", "usd": 5, "account": "acme_social", "spent": "5.12"}', 'The month''s 5 US dollars (`monthly_usd`) for acme_social are spent: about 5.12 so far. Replies are posted all the same, and each costs more.'),
	('{"code": "channel_fails", "channel": "care", "at": "2026-11-20T10:05:00.000000Z", "failure": {"code": "words", "text": "HTTP 503"}}', 'Channel care fails since 2026-11-20 10:05 UTC: HTTP 503. What it should tell waits, and is tried again until it succeeds.'),
	('{"code": "channel_again", "channel": "care"}', 'Channel care takes what it is told again.'),
	('{"code": "alerts_nowhere"}', 'Alerts reach nobody: all channels fail.'),
	('{"code": "channel_down", "channel": "care", "at": "2026-11-20T10:05:00.000000Z", "failure": {"code": "words", "text": "HTTP 503"}}', 'Channel care fails since 2026-11-20 10:05 UTC (HTTP 503)'),
	('{"code": "health_fails", "failure": {"code": "words", "text": "HTTP 503"}}', 'Whether all sources are heard is not known: looking at it fails (HTTP 503). Please report it.'),
	('{"code": "health_again"}', 'Health is looked at again.'),
	('{"code": "imported", "account": "acme_social", "n": 2}', 'acme_social: history is in. 2 customers in it still wait'),
	('{"code": "imported_todo"}', '. answer queue shows them; they are not told singly.'),
	('{"code": "digest", "brand": "acme", "thanks": 3, "about": 4}', 'acme: 3 praised or thanked us and 4 spoke about us without an answer'),
	('{"code": "digest_ignored", "ignored": 2}', '2 so long that it counts as ignored'),
	('{"code": "digest_todo"}', '. answer thanks; answer queue --all'),
	('{"code": "oldest_since", "at": "2026-11-20T10:05:00.000000Z"}', 'the oldest since 10:05');
select is(answerd.said(jsonb_build_array(part), 'Europe/London'), english, part ->> 'code') from phrase;
select is((select array_agg(c[1] order by c[1]) from pg_proc p cross join lateral regexp_matches(p.prosrc, '^\t\twhen ''([a-z_]+)'' then', 'gn') c
	where p.oid = 'answerd.phrase(text)'::regprocedure), (select array_agg(part ->> 'code' order by part ->> 'code') from phrase), 'every phrase stands above, once');

-- how parts are joined, and what stands in them
select is(answerd.said('[{"code": "to_us_names"}, {"code": "waits_since", "at": "2026-11-20T10:05:00Z"}]', 'Europe/Berlin'), 'to us: it names us; waits since 11:05', 'what goes on begins with its own mark');
select is(answerd.said('[{"code": "policy_own", "name": "a:"}, {"code": "by_office"}, {"code": "promise_warn", "warn_s": 60}, {"code": "promise_stop", "stop_s": 60}]', 'UTC'),
	'Policy "a:" (of the configuration), on the office''s clock: warning after 1m, never later than 1m by the calendar', 'behind a colon that falls away');
select is(answerd.said('[{"code": "nobody_waits"}, {"code": "ended_answered"}]', 'UTC'), 'Nobody waits: it was answered', 'words that begin anew');
select is(answerd.said('[{"code": "waits", "at": "2026-11-19T10:05:00Z", "n": 1}]', 'UTC'), 'Waits since 2026-11-19 10:05: one message without an answer', 'another day, and one of something');
select is(answerd.said('[{"code": "settled_by", "who": "{at} %s {n|a|b}", "at": null, "reason": "{who}"}]', 'UTC'), '{at} %s {n|a|b} said at  that no reply is needed: {who}',
	'what others wrote is no form, and what is not known is nothing');
select is(answerd.said('[{"code": "of_tomorrow"}]', 'UTC'), 'of_tomorrow', 'a code without words stands for itself');
select is(answerd.said('[]', 'UTC'), '', 'nothing is nothing');
select is(answerd.said(null, 'UTC'), null, 'and what is not there is not there');
select is(answerd.said('[{"code": "look_failed", "failure": [{"code": "gap_hidden"}, {"code": "words_on", "text": "x"}]}]', 'UTC'),
	'it cannot be looked for: the platform does not show everything behind its first page; x', 'several parts within one');
select is(answerd.parts_of('the platform took it and did not say under which id'), '[{"code": "id_unknown"}]', 'what a program said whole is known again');
select is(answerd.parts_of('HTTP 503'), '[{"code": "words", "text": "HTTP 503"}]', 'what others said is quoted');
select is(answerd.parts_of(null), null);
select is(answerd.part_of(answerd.said(jsonb_build_array(p), 'UTC')), p, p ->> 'code') from unnest(array['{"code": "reads_spent", "limit": 500}', '{"code": "usd_spent", "limit": 5}',
	'{"code": "let_in", "why": {"code": "renewal_lost"}, "account": "acme_social"}', '{"code": "let_in", "why": {"code": "words", "text": "HTTP 401: token 5 expired"}, "account": "a"}',
	'{"code": "words", "text": "the month''s 5 US dollars are gone"}']::jsonb[]) p;

-- sentences(json) → every sentence in it that has parts beside it: {sentence, the same made of the parts}.
create function pg_temp.sentences(j jsonb) returns setof text[] language plpgsql as $$
begin
	if jsonb_typeof(j) = 'object' then
		return query select array[j ->> x, answerd.said(j -> (x || '_parts'), 'Europe/London')] from unnest(array['why', 'text']) x where j ? (x || '_parts');
		return query select s from jsonb_each(j) e cross join lateral pg_temp.sentences(e.value) s where e.key not like '%\_parts';
	elsif jsonb_typeof(j) = 'array' then
		return query select s from jsonb_array_elements(j) e cross join lateral pg_temp.sentences(e) s;
	end if;
end $$;
select answerd.declare('{"brands": [{"name": "acme", "timezone": "Europe/London", "hours": ["Mon-Fri 09:00-11:00", "Mon-Fri 11:30-17:00"], "holidays": [["2026-11-20T10:00:00", "2026-11-20T10:30:00", "Fire drill"]],
	"accounts": [{"name": "acme_social", "platform": "mastodon", "server": "https://social.example", "realm": "https://social.example", "is_time_authors": false,
	"every_us": 60000000, "sources": ["mentions", "own"]}]}], "policies": [], "health": {"notify": ["care"]}}');
select pg_temp.say('us', 'p1', '09:00', 'Our shop opens.');
select pg_temp.say('carl', 'm1', '09:10', 'Where is my parcel? ' || repeat('It was due on Monday. ', 6), 'p1');
select pg_temp.say('dora', 'm2', '09:20', 'Mine came.', 'm1', false, p_nature => 'neutral');
select pg_temp.say('us', 'p2', '09:30', 'Which address?', 'm1');
select pg_temp.say('carl', 'm3', '09:40', '12 Park Lane.', 'p2');
select pg_temp.say('eve', 'm4', '09:50', 'acme lost my parcel', p_named => false, p_about => true, p_nature => 'complaint');
select o_done from answerd.renewed(20);
select pg_temp.say('fay', 'm5', '10:00', 'Hello?');
select answerd.dismiss(pg_temp.conv('m5'), pg_temp.staff('ann'), 'told by telephone') is not null;
create temp table told as select s[1] as said, s[2] as made from unnest(array['m1', 'm4', 'm5']) m
	cross join lateral (values (answerd.explain_conversation(pg_temp.conv(m))::jsonb), (answerd.show_conversation(pg_temp.conv(m))::jsonb)) j(j) cross join lateral pg_temp.sentences(j.j) s;
select cmp_ok((select count(*) from told), '>', 30::bigint, 'sentences with parts are there');
select is((select array_agg(said) from told where said not in (made, made || '.')), null, 'and each is made of them');
select is((select count(distinct said) from told where said like '% said at 12:00 that no reply is needed: told by telephone' or said like 'Waits since 09:40: one message%' or said like 'about us, %'), 3::bigint,
	'these among them');
select is(answerd.explain_conversation(pg_temp.conv('m1')) #>> '{thread,1,excerpt}', 'Where is my parcel? It was due on Monday. It was due on Monday. It was due on M…', 'what is cut says so, and is 80 characters long with that');
select is(answerd.explain_conversation(pg_temp.conv('m1')) #>> '{thread,4,excerpt}', '12 Park Lane.', 'what is not cut does not');
select is((select length(answerd.explain_conversation(pg_temp.conv('m1')) #>> '{thread,1,excerpt}')), 80);
select is(answerd.said(answerd.note_parts(x), 'UTC'), x, x) from unnest(array['No reply needed: a: b', 'Given back to the queue: {x}', E'Given to Ann Ash: it

is: yours']) x;
select is(answerd.note_parts('Given to understand: ') -> 0 ->> 'code', 'note_given', 'words that look so are said so, and are the same in English');
select is(answerd.note_parts('She called.'), null, 'what somebody wrote is theirs');
select is((answerd.show_conversation(pg_temp.conv('m5')) #> '{notes,0,text_parts}')::jsonb, '[{"code": "note_dismissed", "reason": "told by telephone"}]', 'the note of a dismissal');
select is((answerd.bulk(pg_temp.staff('ann'), pg_temp.conv('m5'), 'dismiss', null, 'x', null, null, null) -> 'items' -> 0)::jsonb - 'id' - 'detail',
	format('{"code": "waits_not", "with": ["%s", "Ann Ash said at 12:00 that no reply is needed"], "status": 409, "is_done": false}', pg_temp.conv('m5'))::jsonb,
	'one of many that is refused has its sentence''s name, too');
select * from finish();
rollback;
