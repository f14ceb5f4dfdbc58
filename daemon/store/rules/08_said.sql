-- Sentences of ours, made of parts. A part is an object: its code, and what it says by name: {"code": "waits_since", "at": "2026-11-20T10:00:00Z"}.
-- The English sentence is made of the same parts, here and nowhere else, so that the two cannot drift apart; a page in another language says them
-- from its own words (web/lang: said.CODE; tests/lints/page.py sees to it that every code is made, and has words in all languages).

-- phrase(code): what it is in English. Holes: {name} · {n|one of it|# of it} · {from_at:HH24:MI} a time in that form. A name that is "at" or ends so
-- is a time, one that ends in "_s" a length in seconds, a list is read with commas; a value may be a part itself, or several. Words that go on begin with their
-- own ";", "," or ".": behind a ":" or ".", and where nothing stands before them, that falls away. Not wrapped (no SET): it is
-- asked for every message that is shown, and the planner sees through it.
create or replace function answerd.phrase(p_code text) returns text language sql immutable parallel safe as $$
	select case p_code
		-- A message's part in the wait (62_show.sql).
		when 'other_business' then 'another business speaks: context, nobody waits'
		when 'ours_deleted' then 'ours, deleted: it answers nothing'
		when 'ours_reaction' then 'a reaction of ours: acknowledged, not answered'
		when 'ours_program' then 'written by a program: it answers nothing'
		when 'ours_answer' then 'our answer to this customer: it ends the wait for everything before it'
		when 'ours_names' then 'our answer to somebody else names this customer: it ends the wait too'
		when 'ours_other' then 'our answer to somebody else: it does not end this wait'
		when 'ours_post' then 'our own post'
		when 'by_native' then '; written in the platform''s own app'
		when 'by_staff' then '; written by {login}'
		when 'reaction' then 'a reaction: attached, nobody waits'
		when 'deleted' then 'deleted by its author or the platform: nobody waits for it any more'
		when 'to_us_direct' then 'to us: a direct message'
		when 'to_us_review' then 'to us: a review of what is ours'
		when 'to_us_comment' then 'to us: it names us or stands on what is ours'
		when 'to_us_names' then 'to us: it names us'
		when 'to_us_replies' then 'to us: it answers a message of ours'
		when 'to_us_answered' then 'to us: we answered it directly'
		when 'to_us_goes_on' then 'to us: it continues its author''s own message to us'
		when 'about_us' then 'about us, not to us: a search found this {nature}'
		when 'about_us_only' then 'about us, not to us: a search found it; neither a question nor a complaint, so nobody waits'
		when 'overheard' then 'overheard: to somebody else, nobody waits'
		when 'other_customer' then '; another customer, a conversation of its own'
		when 'settled' then '; settled without a reply'
		when 'settled_by' then '; {who} said at {at} that no reply is needed: {reason}'
		when 'settled_erased' then '; {who} said at {at} that no reply is needed: (the reason was erased)'
		when 'waits_since' then '; waits since {at}'
		when 'answered_by' then '; answered at {at} by our message {message} ({actor})'
		when 'answered_after' then '; answered at {at} by our message {message} ({actor}), which covers everything before it'
		-- A conversation: why it waits, or why nobody does any more.
		when 'waits' then 'Waits since {at}: {n|one message|# messages} without an answer'
		when 'waits_about' then ', about us and not to us (a softer promise; not in the plain list)'
		when 'waits_thanks' then ', only thanks (not in the plain list)'
		when 'waits_asleep' then ', asleep until {at}'
		when 'nobody_waits' then 'Nobody waits:'
		when 'ended_empty' then 'there is no message to us in it'
		when 'ended_dismissed' then '{who} said at {at} that no reply is needed'
		when 'ended_settled' then 'it was settled without a reply'
		when 'ended_deleted' then 'the customer deleted the message'
		when 'ended_answered' then 'it was answered'
		when 'ended_nothing' then 'nothing in it asks for a reply'
		-- The promise (63_promise.sql): policies, clocks, hours, what happens next.
		when 'policy_shipped' then 'Policy "{name}" (shipped)'
		when 'policy_own' then 'Policy "{name}" (of the configuration)'
		when 'by_calendar' then ', on the calendar''s clock:'
		when 'by_office' then ', on the office''s clock:'
		when 'promise_warn' then ', warning after {warn_s}'
		when 'promise_first' then ', a first answer within {first_s}'
		when 'promise_first_none' then ', no date for a first answer'
		when 'promise_next' then ', a next answer within {next_s}'
		when 'promise_next_none' then ', no date for a next answer'
		when 'promise_stop' then ', never later than {stop_s} by the calendar'
		when 'both_clocks' then 'The customer''s clock: {customer_s}. The office''s clock: {office_s}.'
		when 'hours' then '{from_at:Dy YYYY-MM-DD HH24:MI}-{until_at:HH24:MI}: {length_s}'
		when 'closed' then '{from_at:Dy YYYY-MM-DD HH24:MI} to {until_at:YYYY-MM-DD HH24:MI}: closed, {name}'
		when 'step_warn' then '{at} warn:'
		when 'step_due' then '{at} due:'
		when 'step_lead' then '{at} lead:'
		when 'step_stop' then '{at} stop:'
		when 'tell_imported' then 'nobody is told, it came with the imported history'
		when 'tell_digest' then 'nobody is told singly, it stands in the daily digest'
		when 'tell_told' then '{whom} has been told'
		when 'tell_skipped' then 'a later step was told before it'
		when 'tell_nowhere' then '{whom} would be told, but there is no channel: set notify or health.notify'
		when 'tell_will' then '{whom} is told through {channels}'
		when 'the_team' then 'the team'
		when 'the_lead' then 'the lead'
		when 'the_owner' then 'the owner'
		when 'the_person' then '{name}'
		when 'match_to_us' then 'the first that is for this: kind {kind}, nature {nature}, to us, brand {brand}'
		when 'match_about' then 'the first that is for this: kind {kind}, nature {nature}, about us, brand {brand}'
		when 'miss_brand' then 'it is for {brands}; this is {brand}'
		when 'miss_about' then 'it is for what is said to us; this is about us'
		when 'miss_to_us' then 'it is for what is said about us; this is to us'
		when 'miss_kind' then 'it is for the kind {kinds}; this is a {kind}'
		when 'miss_kinds' then 'it is for the kinds {kinds}; this is a {kind}'
		when 'miss_nature' then 'it is for {natures}; this is {nature}'
		-- Words of others, as they are; words of ours from before there were parts.
		when 'words' then '{text}'
		when 'words_on' then '; {text}'
		-- What became of a reply (48_outbox.sql, 53_replies.sql; daemon/respond).
		when 'worker_stopped' then 'the worker was stopped while it was being posted'
		when 'worker_stopped_before' then 'the worker was stopped before it was its turn'
		when 'worker_ended' then 'the worker that posted it ended before it knew'
		when 'worker_frozen' then 'the worker that posted it does not answer any more'
		when 'id_unknown' then 'the platform took it and did not say under which id'
		when 'look_long' then 'there is more to read than one look reads'
		when 'unbegun' then 'the database did not confirm the intent, so nothing was begun'
		when 'one_post' then 'the platform shows one post for it and for reply {reply}.'
		when 'cannot_ask' then '; this platform cannot be asked what we posted.'
		when 'older_copy' then 'it was queued before the database came back, which may be an older copy, and this platform cannot be asked what we posted.'
		when 'older_unread' then 'it was queued before the database came back, and the platform cannot be read: {failure}.'
		when 'look_failed' then 'it cannot be looked for: {failure}'
		when 'look_unread' then 'the platform cannot be read: {failure}.'
		when 'absent_frozen' then 'it is not on the platform, but the worker that posted it may be frozen and may yet wake up.'
		when 'absent_no_key' then 'it is not on the platform, and the platform has no key that makes sending it again safe.'
		when 'absent_old_key' then 'it is not on the platform, and the key that makes sending it again safe is too old.'
		when 'sent_again' then 'it was not there in {looks} looks; sent again under the same key'
		when 'second_person' then 'it waits for a second person: answer approve {reply}'
		when 'returned' then 'returned: {note}'
		-- What was not heard (43_gaps.sql, 65_coverage.sql; daemon/listen).
		when 'gap_hidden' then 'the platform does not show everything behind its first page'
		when 'gap_adrift' then 'nothing that was known is there any more: the platform may not keep messages for so long'
		when 'lost_first_page' then '; the platform does not show what lies behind its first page'
		when 'lost_all' then '; the platform shows nothing of that time any more'
		when 'lost_before' then '; the platform shows nothing before {at:YYYY-MM-DD HH24:MI} UTC any more'
		when 'hole_lost' then 'lost:'
		when 'hole_open' then 'open:'
		when 'hole_before' then 'before it was listened to'
		when 'hole_behind' then 'not heard yet'
		-- Notes that an act leaves (51_acts.sql).
		when 'note_dismissed' then 'No reply needed: {reason}'
		when 'note_given' then 'Given to {who}: {reason}'
		when 'note_given_back' then 'Given back to the queue: {reason}'
		-- What is wrong with a source or an account (64_deaf.sql).
		when 'deaf_account' then '{account}: not listening since {at}: {why}.'
		when 'deaf_source' then '{account} {source}: not listening since {at}: {why}.'
		when 'doubt_account' then '{account}: {why}.'
		when 'doubt_source' then '{account} {source}: {why}.'
		when 'why_unreadable' then '{failure}; the answer is kept: answer quarantine'
		when 'why_failing' then '{failures} failures in a row, the last: {failure}'
		when 'why_changed' then 'most of what it serves cannot be read: a field is missing or has changed, so the platform may have changed its answers. answer quarantine shows them; a newer answerd may know them'
		when 'why_budget' then 'the platform lets us ask nothing more until {at}. Set a slower `every`, listen to fewer sources, or find out who else uses this token'
		when 'why_late' then 'no answer was stored since then, although nothing failed. The log of the worker says more: journalctl -u answerd'
		when 'why_stuck' then 'its walk goes on from page to page and brings nothing new: the platform may give the same pages for ever. Look there whether something is newer than what is shown here'
		when 'why_silent' then 'it answers and brings nothing since {at}, longer than it ever was silent at such a time ({usual_s}). Look at the platform: if somebody wrote there, make a new token; if nobody did, acknowledge this'
		when 'why_slow' then 'asked every {asked_s} instead of every {every_s}: the platform''s limits, or other accounts, leave no more. Set a slower `every`, or listen to fewer sources'
		when 'token_ends' then 'the token ends on {at:YYYY-MM-DD HH24:MI}: {todo}'
		when 'token_ended' then 'the token ended on {at:YYYY-MM-DD HH24:MI}: {todo}'
		when 'token_connect' then 'let us in again: answerd connect {account}'
		when 'token_make' then 'make a new one, put it where the configuration says, and reload answerd'
		when 'clock_apart' then 'the server''s clock and ours are {apart_s} apart: look at the time of this machine (timedatectl) first'
		when 'other_user' then 'the credential belongs to another user of the platform than this account''s messages; give this user an account of its own name in the configuration, or restore the old credential'
		when 'other_token' then 'somebody let us in with another `token` than this worker has read: reload answerd'
		when 'renewal_lost' then 'its answer was lost when the session was renewed (a crash or a cut line), and the platform refuses the old one now'
		when 'reads_spent' then 'the month''s {limit} messages (`monthly_reads`) are read: nothing more is until the next month, or until the configuration allows more'
		when 'usd_spent' then 'the month''s {limit} US dollars (`monthly_usd`) are spent: nothing more is read until the next month, or until the configuration allows more; replies are posted all the same'
		when 'let_in' then '{why}. Let us in: answerd connect {account}'
		when 'over_gone' then '{name} is not configured any more.'
		when 'over_token' then '{name}: the token was renewed.'
		when 'over_clock' then '{name}: the clocks agree again.'
		when 'over_slow' then '{name} is asked as often as it should be again.'
		when 'over_silent' then '{name}: somebody speaks again; nobody did since {at}.'
		when 'over_deaf' then '{name} is listened to again; it was not since {at}.'
		-- What else somebody is told (44_alert.sql and who calls it).
		when 'late_warn' then 'Nobody has answered, and the time for it is nearly over.'
		when 'late_due' then 'Nobody has answered in the promised time.'
		when 'late_lead' then 'Nobody has answered in one and a half times the promised time.'
		when 'late_stop' then 'Nobody has answered before the hard stop.'
		when 'zone_brand' then '{brand}: the database does not know the time zone ''{zone}'' that the configuration names. Until it does, the brand''s office hours and deadlines are counted in {counted}, and may be hours wrong. Bring tzdata up to date on the database''s machine (apt-get install tzdata); it is looked at every hour, and at a reload.'
		when 'zone_channel' then 'Channel {channel}: the database does not know the time zone ''{zone}'' of its quiet hours; they are taken as UTC. Bring tzdata up to date on the database''s machine (apt-get install tzdata).'
		when 'zone_brand_known' then '{name}: the database knows its time zone.'
		when 'zone_channel_known' then 'Channel {name}: the database knows its time zone.'
		when 'unread' then '{where}: {n|something could not be read and is kept as served|# elements could not be read and are kept as served}: {why}. answer quarantine shows what came.'
		when 'gap_told' then '{account} {source}: what was said {span} was not all heard: {why}. {todo}'
		when 'span_from' then 'from {from_at} to {until_at}'
		when 'span_to' then 'to {until_at}'
		when 'gap_is_lost' then 'It is lost: {why}. Look on the platform itself.'
		when 'gap_is_open' then 'It is tried to read it after all: answer gaps.'
		when 'reply_lost' then 'Nobody knows whether reply {reply} to conversation {conversation} was posted: {why} Look on the platform, then say answer replied {reply} LINK, or answer not-there {reply}.'
		when 'reply_known' then 'It is known again what became of reply {reply} to conversation {conversation}: it is there.'
		when 'reply_not_there' then '{who} looked: reply {reply} to conversation {conversation} is not there, and goes again.'
		when 'replies_lost' then '{n|1 reply was posted and nobody knows yet whether the platform has it|# replies were posted and nobody knows yet whether the platform has them}: it is read back, and takes longer than it should.'
		when 'replies_known' then 'It is known again what became of all replies.'
		when 'posting_paused' then 'Posting is paused on {account}: {why}. Replies stay queued; we try again by ourselves.'
		when 'posting_again' then '{account} lets us post again.'
		when 'posting_stopped' then '{who} stopped all posting. Replies stay queued until answer panic off.'
		when 'posting_goes_on' then '{who} lets posting go on.'
		when 'other_database' then 'This is another database than before, or an older copy of it (a failover, a restored backup): {queued}. What was answered just before may be missing here; compare answer replies with the platforms.'
		when 'queued_none' then 'no reply was queued'
		when 'queued_some' then '{replies} queued replies are read back on their platforms before they are posted'
		when 'money_spent' then 'The month''s {usd} US dollars (`monthly_usd`) for {account} are spent: about {spent} so far. Replies are posted all the same, and each costs more.'
		when 'channel_fails' then 'Channel {channel} fails since {at:YYYY-MM-DD HH24:MI} UTC: {failure}. What it should tell waits, and is tried again until it succeeds.'
		when 'channel_again' then 'Channel {channel} takes what it is told again.'
		when 'alerts_nowhere' then 'Alerts reach nobody: all channels fail.'
		when 'channel_down' then '; Channel {channel} fails since {at:YYYY-MM-DD HH24:MI} UTC ({failure})'
		when 'health_fails' then 'Whether all sources are heard is not known: looking at it fails ({failure}). Please report it.'
		when 'health_again' then 'Health is looked at again.'
		when 'imported' then '{account}: history is in. {n|1 customer in it still waits|# customers in it still wait}'
		when 'imported_todo' then '. answer queue shows them; they are not told singly.'
		when 'digest' then '{brand}: {thanks} praised or thanked us and {about} spoke about us without an answer'
		when 'digest_ignored' then '; {ignored} so long that it counts as ignored'
		when 'digest_todo' then '. answer thanks; answer queue --all'
		when 'oldest_since' then ', the oldest since {at}'
	end
$$;

-- part_of(text) → the part that these words are: a phrase of ours that a program said (tests/lints/page.py knows where), else words.
-- parts_of(text): the same as parts; null stays null.
create or replace function answerd.part_of(p_text text) returns jsonb language plpgsql immutable set search_path = pg_catalog as $$
declare
	v_in text[] := regexp_match(p_text, '^(.*)[.] Let us in: answerd connect (\S+)$');
begin
	if v_in is not null then
		return jsonb_build_object('code', 'let_in', 'why', answerd.part_of(v_in[1]), 'account', v_in[2]);
	end if;
	return coalesce((select jsonb_build_object('code', c) from unnest(array['worker_stopped', 'worker_stopped_before', 'id_unknown', 'look_long', 'gap_hidden', 'gap_adrift', 'other_user',
			'other_token', 'renewal_lost']) c where answerd.phrase(c) = p_text),
		(select jsonb_build_object('code', c, 'limit', substring(p_text from '[0-9]+')::bigint) from unnest(array['reads_spent', 'usd_spent']) c
			where p_text ~ '[0-9]{1,18}' and replace(answerd.phrase(c), '{limit}', substring(p_text from '[0-9]+')) = p_text),
		jsonb_build_object('code', 'words', 'text', p_text));
end $$;
create or replace function answerd.parts_of(p_text text) returns jsonb language sql immutable set search_path = pg_catalog as $$
	select case when p_text is not null then jsonb_build_array(answerd.part_of(p_text)) end
$$;

-- said_value(part, hole, zone): what stands in a hole.
create or replace function answerd.said_value(p_part jsonb, p_hole text, p_zone text) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
	v_name text := substring(p_hole from '^\w+');
	v_form text := substr(p_hole, length(v_name) + 2);
	v text := p_part ->> v_name;
begin
	if v is null then
		return '';
	elsif v_name = 'at' or v_name like '%\_at' then
		return case when v_form = '' then answerd.clock_text(v::timestamptz, p_zone) else to_char(v::timestamptz at time zone p_zone, v_form) end;
	elsif v_name like '%\_s' then
		return answerd.length_text(v::bigint * interval '1 second');
	elsif v_form <> '' then
		return replace(split_part(v_form, '|', case v when '1' then 1 else 2 end), '#', v);
	elsif jsonb_typeof(p_part -> v_name) = 'object' then
		return answerd.said(jsonb_build_array(p_part -> v_name), p_zone);
	elsif jsonb_typeof(p_part #> array[v_name, '0']) = 'object' then
		return answerd.said(p_part -> v_name, p_zone);
	elsif jsonb_typeof(p_part -> v_name) = 'array' then
		return (select string_agg(x, ', ' order by n) from jsonb_array_elements_text(p_part -> v_name) with ordinality t(x, n));
	end if;
	return v;
end $$;

-- said(parts, zone): the English sentence; null of null. A code without words stands for itself. Plain expressions only: a thread has a thousand of these.
create or replace function answerd.said(p_parts jsonb, p_zone text) returns text language plpgsql stable set search_path = pg_catalog as $$
declare
	v_part jsonb;
	v_words text;
	v_before text;
	v_pieces text[]; -- words and holes by turns
	v text;
	v_out text := '';
begin
	if p_parts is null then
		return null;
	end if;
	for i in 0 .. jsonb_array_length(p_parts) - 1 loop
		v_part := p_parts -> i;
		v_words := coalesce(answerd.phrase(v_part ->> 'code'), v_part ->> 'code');
		v := v_words;
		if v_words like '%{%' then
			v_pieces := string_to_array(replace(v_words, '}', '{'), '{');
			v := v_pieces[1];
			for n in 2 .. cardinality(v_pieces) loop
				v := v || case n % 2 when 0 then answerd.said_value(v_part, v_pieces[n], p_zone) else v_pieces[n] end;
			end loop;
		end if;
		v_out := v_out || case when v_before is null then ltrim(v, ',; ') when v_words !~ '^[,;.]' then ' ' || v when v_before ~ '[:.]$' then ltrim(v, ',;') else v end;
		v_before := v_words;
	end loop;
	return v_out;
end $$;
