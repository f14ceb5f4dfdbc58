-- 0001: the house: brands, accounts, messages, conversations and what staff do with them.
-- Runs once, as the owner. Keys: brand_id is in every key that spans rows of one brand, the selective column first
-- where tables grow big (INGEST §3.1), brand first on the queue's indexes. No triggers: everything that must follow from
-- a change is done by the function that makes it.

create type answerd.message_kind as enum ('mention', 'comment', 'reply', 'direct', 'review', 'post', 'other');
create type answerd.message_direction as enum ('inbound', 'outbound', 'context');
-- In the order of what weighs more: a conversation has the weightiest nature of its unanswered messages.
create type answerd.message_nature as enum ('thanks', 'praise', 'neutral', 'question', 'complaint');
create type answerd.message_visibility as enum ('public', 'unlisted', 'followers', 'private');
create type answerd.settlement as enum ('dismissed', 'spam');
create type answerd.account_state as enum ('new', 'listening', 'refused', 'failing');

create table answerd.brand (
	brand_id  int generated always as identity primary key,
	name      text not null unique,
	timezone  text not null default 'UTC',
	hours     text[] not null default '{Mon-Fri 09:00-17:00}',
	is_configured bool not null default true
);

create table answerd.account (
	brand_id     int not null references answerd.brand,
	account_id   int generated always as identity,
	name         text not null,
	platform     text not null,
	server       text not null,
	realm        text not null,                -- whose ids these are: identities are unique within it
	is_time_authors bool not null default false, -- posted_at is written by the author's own client
	every_us     bigint not null,
	is_configured bool not null default true,
	declared_at  timestamptz not null default now(),
	epoch        bigint not null default 1,     -- the fence: raised by every take-over
	holder       text,                          -- which worker
	held_until   timestamptz,
	own_id       text,                          -- who we are there, from identify
	own_handle   text,
	own_name     text,
	facts        text,                          -- the connector's own JSON
	state        answerd.account_state not null default 'new',
	state_reason text,
	state_since  timestamptz not null default now(),
	missing      text,                          -- rights that the credential lacks, in words
	primary key (account_id, brand_id),
	unique (name, brand_id)
) with (fillfactor = 50);

-- Sessions with platforms, sealed (daemon/base/seal.h): the worker's only, a dump of it opens nothing.
create table answerd.credential (
	brand_id   int not null,
	account_id int not null,
	sealed     text not null,
	until      timestamptz,
	primary key (account_id, brand_id),
	foreign key (account_id, brand_id) references answerd.account
);

create table answerd.source (
	brand_id     int not null,
	account_id   int not null,
	source_id    int generated always as identity,
	name         text not null,                 -- "mentions", "own", "search:#acme", "threads"
	is_configured bool not null default true,
	poll_state   text not null default '',      -- the connector's own; '' before the first answer
	poll_seq     bigint not null default 0,     -- compared and set with poll_state
	sweep_state  text not null default '',
	imported_at  timestamptz,                   -- when the first walk through history ended
	heard_until  timestamptz,                   -- everything served before this was read
	heard_at     timestamptz,                   -- last answer that we could use
	failures     int not null default 0,        -- since heard_at
	failed_at    timestamptz,
	failure      text,
	primary key (source_id, account_id, brand_id),
	unique (name, account_id, brand_id),
	foreign key (account_id, brand_id) references answerd.account
) with (fillfactor = 50);

create table answerd.identity (
	brand_id    int not null,
	realm       text not null,
	external_id text not null,
	identity_id bigint generated always as identity,
	handle      text,
	name        text,
	first_seen_at timestamptz not null default now(),
	primary key (external_id, realm, brand_id)
);
create unique index identity_by_id on answerd.identity (identity_id, brand_id);

create table answerd.message (
	brand_id      int not null,
	account_id    int not null,
	author_id     bigint not null,              -- identity
	customer_id   bigint,                       -- identity: the author; for ours the nearest customer above
	posted_at     timestamptz,                  -- the platform's time as it came
	at            timestamptz not null,         -- what counts: posted_at where it can be believed, else when seen
	ord_at        timestamptz not null,         -- order within the thread: a reply covers the message that it answers
	first_seen_at timestamptz not null,
	edited_at     timestamptz,
	deleted_at    timestamptz,
	hash          bigint not null,
	nature_by     bigint,                       -- the person who corrected the nature
	kind          answerd.message_kind not null,
	direction     answerd.message_direction not null,
	nature        answerd.message_nature not null,
	visibility    answerd.message_visibility not null,
	settled       answerd.settlement,
	is_named      bool not null,                -- to us as it stands, says the connector
	is_about      bool not null,                -- matches a search of ours
	is_automatic  bool not null,
	is_imported   bool not null,
	is_to_us      bool not null,                -- derived (rules/thread.sql)
	-- An inbound message that somebody must answer, unless an answer already covers it.
	is_owed       bool not null generated always as (direction = 'inbound' and kind <> 'other' and deleted_at is null
		and settled is null and (is_to_us or (is_about and nature >= 'question'))) stored,
	-- An outbound message that answers: a person's, still there.
	is_answer     bool not null generated always as (direction = 'outbound' and kind <> 'other' and not is_automatic
		and deleted_at is null) stored,
	external_id   text not null,
	parent_id     text,
	thread_id     text,                         -- where the platform itself says which exchange it is
	root_id       text,                         -- derived
	revision      text,
	body          text not null,
	warning       text,
	language      text,
	permalink     text,
	primary key (external_id, account_id, brand_id)
);
create index message_thread on answerd.message (root_id, customer_id, account_id, brand_id, ord_at);
create index message_parent on answerd.message (parent_id, account_id, brand_id) where parent_id is not null;
-- What may have been edited or deleted (rules/41: rechecks). Partial, so that no probe for one message can take it: on an
-- empty database without statistics the planner would (INGEST §3.1; measured again: 5 ms a row instead of 60 µs).
create index message_recheck on answerd.message (account_id, at, external_id, brand_id)
	where deleted_at is null and kind <> 'other' and thread_id is null and direction <> 'context';

create table answerd.message_source (
	brand_id    int not null,
	account_id  int not null,
	source_id   int not null,
	external_id text not null,
	primary key (external_id, source_id, account_id, brand_id)
);

-- The element's bytes as text, by month, so that old months can be dropped.
create table answerd.message_raw (
	brand_id    int not null,
	account_id  int not null,
	stored_at   timestamptz not null,
	external_id text not null,
	raw         text compression lz4 not null
) partition by range (stored_at);
create table answerd.message_raw_rest partition of answerd.message_raw default;
create index message_raw_id on answerd.message_raw (external_id, account_id, brand_id);

-- What a message said before it was edited.
create table answerd.message_revision (
	brand_id    int not null,
	account_id  int not null,
	replaced_at timestamptz not null,
	edited_at   timestamptz,
	hash        bigint not null,
	external_id text not null,
	body        text not null,
	warning     text,
	primary key (external_id, replaced_at, hash, account_id, brand_id)
);

-- Customers whom a message of ours names beside the one it replies to. Nearly always empty.
create table answerd.answer_link (
	brand_id    int not null,
	account_id  int not null,
	customer_id bigint not null,
	external_id text not null,
	primary key (customer_id, external_id, account_id, brand_id)
);
create index answer_link_message on answerd.answer_link (external_id, account_id, brand_id);

create table answerd.staff (
	staff_id    bigint generated always as identity primary key,
	login       text not null unique,
	name        text not null,
	os_user     text unique,
	role        text not null default 'agent' check (role in ('agent', 'lead', 'admin', 'auditor')),
	disabled_at timestamptz,
	created_at  timestamptz not null default now()
);

-- One customer's exchange with one account in one thread. It is the queue.
create table answerd.conversation (
	brand_id        int not null,
	account_id      int not null,
	customer_id     bigint not null,            -- identity
	conversation_id bigint generated always as identity,
	waiting_since   timestamptz,                -- these seven: written by recompute only
	warn_at         timestamptz,
	due_at          timestamptz,
	stop_at         timestamptz,
	answered_ord    timestamptz,                -- ord_at of the answer that covers most
	unanswered      int not null default 0,
	oldest_id       text,                       -- external id of the oldest unanswered message
	kind            answerd.message_kind not null,
	nature          answerd.message_nature not null,
	is_about        bool not null default false, -- about us, not to us
	version         int not null default 1,     -- raised by every change that staff or messages make
	created_at      timestamptz not null default now(),
	assignee_id     bigint,                     -- staff
	assigned_until  timestamptz,                -- an assignment is a lease
	snoozed_until   timestamptz,
	snoozed_unanswered int,                     -- how many waited when it was put to sleep: one more wakes it
	priority        int not null default 0,
	tags            text[] not null default '{}',
	merged_into     bigint,
	read_next_at    timestamptz,                -- when its thread is read again
	read_at         timestamptz,
	platform        text not null,
	root_id         text not null,
	primary key (root_id, customer_id, account_id, brand_id)
) with (fillfactor = 85);
create unique index conversation_by_id on answerd.conversation (conversation_id, brand_id);
create index conversation_queue on answerd.conversation (waiting_since, conversation_id) where waiting_since is not null;
create index conversation_brand on answerd.conversation (brand_id, waiting_since, conversation_id) where waiting_since is not null;
create index conversation_platform on answerd.conversation (platform, waiting_since, conversation_id) where waiting_since is not null;
create index conversation_assignee on answerd.conversation (assignee_id, waiting_since, conversation_id)
	where waiting_since is not null and assignee_id is not null;
create index conversation_alarm on answerd.conversation (warn_at, brand_id) where warn_at is not null;
create index conversation_due on answerd.conversation (due_at, conversation_id) where due_at is not null;
create index conversation_read on answerd.conversation (account_id, read_next_at, brand_id) where read_next_at is not null;
-- Partial, so that the probe for one conversation of ingest cannot take it.
create index conversation_customer on answerd.conversation (customer_id, brand_id) where merged_into is null;
create index conversation_lease on answerd.conversation (assigned_until) where assigned_until is not null;

-- Messages whose parent we have not seen: their threads are read at once.
create table answerd.wanted_thread (
	brand_id    int not null,
	account_id  int not null,
	external_id text not null,
	next_at     timestamptz not null,
	tries       int not null default 0,
	primary key (external_id, account_id, brand_id)
);
create index wanted_thread_next on answerd.wanted_thread (account_id, next_at, brand_id);

-- Elements that we could not read. The cursor passes only because they stand here.
create table answerd.quarantine (
	brand_id      int not null,
	account_id    int not null,
	quarantine_id bigint generated always as identity,
	source_id     int not null,
	external_id   text,
	reason        text not null,
	raw           bytea not null,
	raw_md5       text not null,
	times_seen    int not null default 1,
	first_seen_at timestamptz not null,
	last_seen_at  timestamptz not null,
	resolved_at   timestamptz,
	primary key (quarantine_id, account_id, brand_id),
	unique (raw_md5, account_id, brand_id)
);

-- Spans of a source that we know we have not heard (RELIABILITY I1). Nothing hides them.
create table answerd.gap (
	brand_id    int not null,
	account_id  int not null,
	gap_id      bigint generated always as identity,
	source_id   int not null,
	from_at     timestamptz,                    -- null: since the beginning
	until_at    timestamptz not null,
	reason      text not null,
	found_at    timestamptz not null,
	closed_at   timestamptz,
	primary key (gap_id, account_id, brand_id)
);
create unique index gap_open on answerd.gap (source_id, reason, account_id, brand_id) where closed_at is null;

create table answerd.note (
	brand_id        int not null,
	note_id         bigint generated always as identity,
	conversation_id bigint not null,
	staff_id        bigint not null,
	at              timestamptz not null,
	body            text not null,
	primary key (note_id, brand_id)
);
create index note_conversation on answerd.note (conversation_id, brand_id);

-- Who did what, insert only, one hash chain a brand (RELIABILITY S13). object is an id, detail holds no personal text.
create table answerd.audit (
	brand_id  int not null,
	seq       bigint not null,
	at        timestamptz not null,
	actor     text not null,                    -- "staff:3", "os:0", "worker"
	act       text not null,                    -- "take", "dismiss", …
	object    text not null,                    -- "conversation:42"
	detail    jsonb not null default '{}',
	previous  text not null,
	hash      text not null,
	primary key (seq, brand_id)
);
create index audit_object on answerd.audit (object, brand_id, seq);

create table answerd.worker (
	holder     text primary key,
	pid        int not null,
	started_at timestamptz not null,
	beat_at    timestamptz not null,
	stopped_at timestamptz
);

-- Only test databases put a row here, and only where the setting answerd.test_clock is 'on' it is read.
create table answerd.test_clock (shift interval not null);

create table answerd.idempotency (
	key     text primary key,
	at      timestamptz not null default now(),
	actor   text not null,
	request text not null,                      -- method, path and md5 of the body
	status  int not null,
	answer  text not null
);
create index idempotency_age on answerd.idempotency (at);
