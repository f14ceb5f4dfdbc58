-- 0009: the outbox: what staff want to say, every attempt to say it, and what became of it (RELIABILITY I3).
-- Runs once, as the owner. States are RELIABILITY's; there is no other end and no silent state:
--   draft > queued > posting > sent | failed_visible, and posting > unknown > reconciling > sent | queued | needs_human.

create type answerd.reply_state as enum ('draft', 'queued', 'posting', 'unknown', 'reconciling', 'needs_human', 'sent', 'failed_visible');

-- What a brand wants of replies, and who may not send alone.
alter table answerd.brand
	add column sign           bool not null default false, -- with the staff member's public first name
	add column needs_approval bool not null default false, -- a second person looks at every reply
	add column repeat_limit   int not null default 5;      -- the same words to more other customers in 24 hours are refused; 0: off
alter table answerd.staff add column needs_approval bool not null default false;

-- What the platform of an account can do with replies (declared by the worker), and whether it lets us post.
create table answerd.posting (
	brand_id    int not null,
	account_id  int not null,
	is_able     bool not null,                  -- the connector can reply, and the account has a credential
	answers     answerd.message_kind[] not null default '{}',
	window_s    bigint not null default 0,      -- after the customer's last message it takes no reply any more; 0: none
	key_valid_s bigint not null default 0,      -- how long it keeps a reply's key; 0: it has none
	direct_key_valid_s bigint not null default 0, -- the same of a direct message
	has_lookup  bool not null default false,    -- what we posted can be read back
	settle_us   bigint not null default 30000000,
	every_us    bigint not null default 60000000,
	post_after  timestamptz,                    -- it said wait; answerd.now()'s clock
	refused     text,                           -- it does not let us post, in words; one reply probes from time to time
	refused_at  timestamptz,
	primary key (account_id, brand_id),
	foreign key (account_id, brand_id) references answerd.account
);

-- One row a reply; each part of a long answer is one.
create table answerd.reply (
	brand_id        int not null,
	account_id      int not null,
	reply_id        bigint generated always as identity,
	conversation_id bigint not null,
	customer_id     bigint not null,            -- identity: who is answered
	author_id       bigint not null,            -- staff
	approver_id     bigint,                     -- staff: the second pair of eyes
	seen_version    int not null,               -- of the conversation, when it was queued
	first_id        bigint,                     -- reply_id of the first part; null: it is the first, or the only one
	part            int not null default 1,
	parts           int not null default 1,
	state           answerd.reply_state not null,
	state_since     timestamptz not null,
	created_at      timestamptz not null,
	submitted_at    timestamptz,                -- a draft that waits for a second person
	queued_at       timestamptz,
	stored_at       timestamptz not null default now(), -- the server's own clock, never shifted: was it queued before a restart?
	begun_at        timestamptz,                -- first attempt with this key
	unknown_at      timestamptz,                -- since when nobody knows
	sent_at         timestamptz,
	not_before      timestamptz,                -- next post or look
	tries           int not null default 0,     -- that sent nothing, in a row
	looks           int not null default 0,     -- vain ones since unknown_at
	must_look       bool not null default false, -- queued, and looked for on the platform before its first byte leaves (I7)
	looker          int,                        -- sender that reads it back
	look_until      timestamptz,                -- now()'s clock
	confirmed_by    bigint,                     -- staff who said that it is there
	key             text not null,              -- the platform's idempotency key or the record's name; one for all attempts
	fingerprint     text not null,              -- of its words, numbers, names and handles apart
	parent_id       text not null,              -- external id of the message that it answers
	external_id     text,                       -- what the platform calls it
	permalink       text,
	reason          text,                       -- why it is where it is, for people
	body            text not null,              -- the person's own words
	words           text not null,              -- what the customer reads: with signature and number of the part
	primary key (reply_id, brand_id),
	foreign key (account_id, brand_id) references answerd.account
) with (fillfactor = 70);
create unique index reply_key on answerd.reply (key, account_id, brand_id);
create unique index reply_external on answerd.reply (external_id, account_id, brand_id) where external_id is not null;
create index reply_conversation on answerd.reply (conversation_id, brand_id, reply_id);
create index reply_open on answerd.reply (account_id, state, reply_id, brand_id) where state not in ('draft', 'sent', 'failed_visible');
create index reply_repeats on answerd.reply (fingerprint, brand_id, queued_at);
create index reply_stub on answerd.reply (reply_id, brand_id) where external_id like 'replied:%';
create index reply_parts on answerd.reply (first_id, brand_id) where first_id is not null;

-- What happened to it, in order; only ever added to.
create table answerd.reply_event (
	brand_id int not null,
	event_id bigint generated always as identity,
	reply_id bigint not null,
	at       timestamptz not null,
	actor    text not null,                     -- "staff:3", "worker"
	what     text not null,                     -- a state, or "submitted", "approved", "returned", "edited"
	note     text,
	primary key (event_id, brand_id)
);
create index reply_event_reply on answerd.reply_event (reply_id, brand_id, event_id);

-- A worker's session that posts. While it lives it holds the advisory lock (1634628451, sender_id): lock free, it is gone.
create table answerd.sender (
	sender_id int generated always as identity primary key,
	holder    text not null,
	pid       int not null,                     -- of the server's backend
	begun_at  timestamptz not null default now()
);

-- The intent: committed before the first byte leaves.
create table answerd.attempt (
	brand_id   int not null,
	attempt_id bigint generated always as identity,
	reply_id   bigint not null,
	sender_id  int not null,
	begun_at   timestamptz not null default now(),
	until      timestamptz not null,            -- now()'s clock: afterwards another may look what became of it
	ended_at   timestamptz,
	outcome    text check (outcome in ('sent', 'unsent', 'limited', 'auth', 'refused', 'unknown', 'lost', 'frozen')),
	primary key (attempt_id, brand_id)
) with (fillfactor = 70);
create unique index attempt_live on answerd.attempt (reply_id, brand_id) where ended_at is null;
create index attempt_reply on answerd.attempt (reply_id, brand_id, attempt_id);

-- One row: does anybody post at all, and is this the database that we knew?
create table answerd.respond_house (
	is_one    bool primary key default true check (is_one),
	is_panic  bool not null default false,
	panic_at  timestamptz,
	panic_by  bigint,                           -- staff
	system_id bigint,                           -- of the cluster; null: nobody has posted yet
	timeline  text
);
insert into answerd.respond_house default values;

-- Words to begin with; they must be edited before they can go.
create table answerd.snippet (
	brand_id   int not null references answerd.brand,
	name       text not null,
	body       text not null,                   -- {customer}, {me}, {brand}
	by_staff   bigint not null,
	changed_at timestamptz not null,
	primary key (name, brand_id)
);
