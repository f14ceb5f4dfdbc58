/* log_events.h: every event that is logged, with its level, its fields and what the operator does.
 *
 * The man page is made from this table; a test checks that every name used in the sources stands
 * here. EVENT(name, level, fields, sentence). In alphabetical order. */
#ifndef EVENT
#error "define EVENT(name, level, fields, sentence) first"
#endif

EVENT(access_refused, LEVEL_WARN, "uid staff asked",
      "A local user who is nobody's `os_user` asked the desk (`answer staff add` lets a person "
      "in), or somebody asked for what "
      "their role does not allow.")
EVENT(account_given, LEVEL_INFO, "account",
      "Another worker has less than its share of the accounts and listens for this one from now "
      "on.")
EVENT(account_leased, LEVEL_INFO, "account epoch", "This worker listens for the account now.")
EVENT(account_left, LEVEL_INFO, "account",
      "The account no longer stands in the configuration: it is left alone, what it heard stays.")
EVENT(account_let_in, LEVEL_INFO, "account",
      "A refused account is let in again; it goes on from where it was.")
EVENT(account_limited, LEVEL_INFO, "account why",
      "The platform said wait; we do. If it repeats, raise `every`.")
EVENT(account_lost, LEVEL_WARN, "account why",
      "Another worker, or none, listens for the account; we take it back as soon as we can.")
EVENT(account_refused, LEVEL_ERR, "account why",
      "The platform refuses the credential: give the account a new one. We probe until it is let "
      "in.")
EVENT(alert, LEVEL_WARN, "event delivery count text",
      "An alert for a channel of type journal, where there is no journal. Do what the sentence "
      "says.")
EVENT(alert_failed, LEVEL_ERR, "why",
      "The database refused a statement of the alert machine: `answerd migrate` may be due; else "
      "please report the line.")
EVENT(alert_following, LEVEL_INFO, "", "Another worker tells people who waits too long.")
EVENT(alert_leading, LEVEL_INFO, "", "This worker tells people who waits too long.")
EVENT(another_database, LEVEL_WARN, "",
      "The database is another one than before, or an older copy: queued replies are read back on "
      "their platforms before they go.")
EVENT(asking_for_less, LEVEL_INFO, "account op source elements",
      "An answer was larger than we read (2 MiB): the same is asked again, so many elements at "
      "once.")
EVENT(ask_failed, LEVEL_WARN, "account op source kind why",
      "A question to the platform failed; it is asked again, ever rarer.")
EVENT(audit_head, LEVEL_INFO, "brand seq hash",
      "The newest row of an audit chain (brand 0: the house), once a day: kept outside of the "
      "database, it proves later that nothing before it was "
      "changed or cut off.")
EVENT(bug, LEVEL_ERR, "why",
      "A promise of our own code was broken and the process ended; systemd starts it again. Please "
      "report the line.")
EVENT(cannot_start, LEVEL_ERR, "why", "Do what the sentence says and start again.")
EVENT(database_away, LEVEL_ERR, "",
      "The database has been away for half a minute; health.notify is told without it. Start it "
      "again.")
EVENT(database_down, LEVEL_WARN, "why",
      "The database cannot be reached; nothing is lost, we try again at least every 30 seconds.")
EVENT(database_up, LEVEL_INFO, "connection", "The database is there.")
EVENT(deadlines_failed, LEVEL_WARN, "why",
      "Deadlines could not be computed anew after a change of policies or hours; tried again in "
      "seconds. If it repeats, look at the database's log.")
EVENT(deadlines_renewed, LEVEL_INFO, "brand because waiting moved",
      "Policies, hours, holidays or a zone's rules changed: so many conversations wait in the "
      "brand, "
      "and the dates of so many moved. The audit log says from what to what.")
EVENT(declare_failed, LEVEL_ERR, "why",
      "The configuration could not be written into the database; look at its log and at answerd "
      "migrate.")
EVENT(gap_closed, LEVEL_INFO, "account", "A hole in what was heard was read after all.")
EVENT(gap_lost, LEVEL_WARN, "account",
      "What was said in a hole cannot be read any more; answer gaps shows which.")
EVENT(page_unread, LEVEL_WARN, "account source elements",
      "Most of a page cannot be read: the platform may have changed its answers; answer quarantine "
      "shows them.")
EVENT(gap_found, LEVEL_WARN, "account source",
      "Something could not be heard and may be lost: answer gaps shows what; look on the platform "
      "itself.")
EVENT(oidc_away, LEVEL_WARN, "service why",
      "A sign-in service (`oidc` of the configuration) cannot be asked, or says something that "
      "does not fit: nobody signs in by it until it is mended; passwords go on working. It is "
      "asked "
      "again by itself.")
EVENT(oidc_failed, LEVEL_WARN, "service what why staff",
      "Somebody came back from a sign-in service and was not let in; `what` is a word of the table "
      "in daemon/desk/README.md, `why` what the service said. client, key, iss, aud: mend the "
      "configuration; unknown: answer staff email.")
EVENT(oidc_usable, LEVEL_INFO, "service",
      "A sign-in service said what it is; people can sign in by it.")
EVENT(out_of_memory, LEVEL_ERR, "bytes",
      "Memory ran out and the process ended; nothing is lost. Give the machine more memory or "
      "raise "
      "MemoryMax= of the unit.")
EVENT(page_not_stored, LEVEL_WARN, "account why",
      "A page was rolled back as a whole and is asked for again.")
EVENT(password_changed, LEVEL_INFO, "staff",
      "Somebody set a new password; their other sessions are over.")
EVENT(password_unjudged, LEVEL_WARN, "",
      "The process that hashes passwords ended or took too long; another one is started. If it "
      "repeats, give the unit more memory "
      "(MemoryMax=): a hash takes 64 MiB.")
EVENT(sign_in_failed, LEVEL_WARN, "staff what",
      "A wrong password, code or link (staff 0: nobody of that name). A mistake, or somebody "
      "tries: the audit log shows from where.")
EVENT(sign_in_throttled, LEVEL_WARN, "staff wait_s",
      "Too many failures of one login or one address in a quarter of an hour: they must wait. "
      "Nobody else is locked out.")
EVENT(signed_in, LEVEL_INFO, "staff", "Somebody signed in at the page.")
EVENT(quarantined, LEVEL_WARN, "account elements",
      "Elements that nobody could read are kept: answer quarantine shows them.")
EVENT(reading_used_up, LEVEL_ERR, "account why",
      "The month's budget of paid reading is used up: raise `monthly_reads` or `monthly_usd` and "
      "reload, or wait "
      "for "
      "the next month.")
EVENT(reload_failed, LEVEL_ERR, "why",
      "The changed configuration has errors and the old one stays in force: mend the line that it "
      "names, then reload again.")
EVENT(reload_partial, LEVEL_WARN, "why",
      "The rest is in force; this takes effect at the next start.")
EVENT(reloaded, LEVEL_INFO, "accounts", "The changed configuration is in force.")
EVENT(reply_not_filed, LEVEL_INFO, "account reply why",
      "The reply was sent; our own copy of it could not be put among the sent messages. It is "
      "tried "
      "again for a day.")
EVENT(reply_not_sent, LEVEL_WARN, "account reply outcome why",
      "An attempt to post a reply did not end with the platform's confirmation; answer replies "
      "--open shows what becomes of it.")
EVENT(respond_failed, LEVEL_ERR, "why",
      "The database refused a statement of the machine that posts: `answerd migrate` may be due; "
      "else please report the line.")
EVENT(session_outdated, LEVEL_INFO, "account",
      "`token` was changed since somebody let us in (`answerd connect`): the new token counts, and "
      "the session of that time is left behind.")
EVENT(session_sealed_otherwise, LEVEL_WARN, "account",
      "Somebody let us in (`answerd connect`), but with another `token` than this worker has read: "
      "reload it.")
EVENT(session_taken, LEVEL_INFO, "account",
      "Somebody let us in (`answerd connect`): the new session is used from now on.")
EVENT(started, LEVEL_INFO, "version holder", "The worker runs.")
EVENT(statement_failed, LEVEL_ERR, "name sqlstate why",
      "The database refused a statement of the desk: `answerd migrate` may be due; else please "
      "report the line.")
EVENT(stopped, LEVEL_INFO, "", "The worker ended as it was asked to.")
EVENT(stopping, LEVEL_INFO, "", "The worker was asked to end; pages under way are stored first.")
EVENT(telling_failed, LEVEL_WARN, "channel why",
      "A channel did not take an alert; it is tried again until it does. answer alerts shows what "
      "waits.")
EVENT(zone_unknown, LEVEL_WARN, "brand zone",
      "The database does not know this brand's time zone: its deadlines are counted in another, "
      "the rest is in force. Bring tzdata up to date on the database's machine; looked at every "
      "hour.")
