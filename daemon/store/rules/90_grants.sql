-- What each role may do (RELIABILITY S13, S14). The owner owns; nobody else creates anything.
grant usage on schema answerd to answerd_worker, answerd_desk, answerd_reader;
grant select, insert, update, delete on all tables in schema answerd to answerd_worker;
grant select on all tables in schema answerd to answerd_desk, answerd_reader;
grant insert, update on answerd.conversation, answerd.message, answerd.staff, answerd.note, answerd.quarantine to answerd_desk;
grant insert, update, delete on answerd.idempotency to answerd_desk;
grant update on answerd.account to answerd_desk; -- for its row lock, taken before clocks are recomputed
grant insert on answerd.audit to answerd_desk;
grant insert, update on answerd.alert, answerd.delivery, answerd.silence to answerd_desk;
grant insert, update on answerd.reply, answerd.snippet, answerd.respond_house to answerd_desk;
grant insert on answerd.reply_event, answerd.identity, answerd.message_source to answerd_desk;
grant update (reply_id) on answerd.reply_event to answerd_desk; -- a draft's history goes with its last words
grant delete on answerd.reply, answerd.snippet to answerd_desk; -- drafts
revoke all on answerd.credential from answerd_desk, answerd_reader;
revoke update, delete, truncate on answerd.audit from answerd_worker, answerd_desk;
revoke insert, update, delete on answerd.schema_version from answerd_worker;
grant insert, update on answerd.reading to answerd_desk; -- a reply that a person confirms costs what it costs
grant update (fed_no) on answerd.channel to answerd_desk; -- replay
grant insert on answerd.feed to answerd_desk;
grant usage on sequence answerd.feed_order to answerd_worker;
grant execute on all functions in schema answerd to answerd_worker, answerd_desk, answerd_reader;
-- What opens doors: the desk's alone.
revoke all on answerd.desk_house, answerd.staff_secret, answerd.staff_recovery, answerd.staff_link, answerd.staff_session, answerd.sign_in_try, answerd.staff_address, answerd.staff_token from answerd_worker, answerd_reader;
grant insert, update, delete on answerd.staff_secret, answerd.staff_recovery, answerd.staff_link, answerd.staff_session, answerd.sign_in_try, answerd.staff_address to answerd_desk;
grant insert, update on answerd.staff_token to answerd_desk;
grant insert, update on answerd.thread_join, answerd.note_mention to answerd_desk; -- joined threads, and who is named in a note
grant insert, update, delete on answerd.saved_view to answerd_desk;
revoke all on answerd.saved_view from answerd_reader; -- whose habits they are is nobody's report
grant insert, update, delete on answerd.conversation_words, answerd.search_house to answerd_desk;
-- Signing in by a service: the desk's, and the worker asks; nobody else's. Who is whose is the desk's alone.
revoke all on answerd.oidc_flow, answerd.staff_oidc, answerd.staff_email from answerd_reader;
revoke all on answerd.staff_oidc, answerd.staff_email from answerd_worker;
revoke insert, delete on answerd.oidc_flow from answerd_worker;
grant insert, update, delete on answerd.oidc_flow, answerd.staff_oidc, answerd.staff_email to answerd_desk;
