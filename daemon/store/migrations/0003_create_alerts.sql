-- 0003: alerts: what somebody must be told, whom it goes to, and every attempt to say it (RELIABILITY I4).
-- Runs once, as the owner. brand_id 0 is the house itself: an alert about the worker, a channel or the database.

-- A channel as the configuration names it, and its health. Never an address, never a secret: those stay with the worker.
create table answerd.channel (
	name          text primary key,
	type          text not null check (type in ('journal', 'webhook', 'smtp')),
	is_configured bool not null default true,
	group_us      bigint not null default 30000000, -- at most one telling of a group in this time
	timezone      text not null default 'UTC',      -- of its quiet hours
	quiet         int4multirange not null default '{}', -- minutes of its week, Monday 00:00 is 0
	told_at       timestamptz,                      -- last success
	failures      int not null default 0,           -- since then
	failing_since timestamptz,                      -- of the first of them
	failure       text                              -- of the last of them
);

-- One row: whom health is told, and which worker speaks. The worker that speaks holds an advisory lock as well.
create table answerd.alert_house (
	is_one           bool primary key default true check (is_one),
	notify           text[] not null default '{}',
	escalate         text[] not null default '{}',
	repeat_us        bigint not null default 3600000000, -- what nobody acknowledges is told to escalate again
	heartbeat        text,                         -- the channel of the sign of life
	heartbeat_us     bigint,
	heartbeat_at     timestamptz,                  -- the last one
	holder           text,
	held_until       timestamptz
);
insert into answerd.alert_house default values;

create table answerd.alert (
	brand_id        int not null default 0,
	alert_id        bigint generated always as identity,
	event           text not null check (event in ('waiting', 'deaf', 'hearing', 'quarantine', 'gap', 'digest', 'heartbeat')),
	key             text not null,                -- what it is about; while it stands nothing is raised twice
	step            text check (step in ('warn', 'due', 'lead', 'stop')),
	policy          text,
	account_id      int,
	source_id       int,
	conversation_id bigint,
	message_id      text,                         -- the message that started the wait
	at              timestamptz not null,         -- when it was raised
	since           timestamptz,                  -- what it speaks of began then: the step's time, the last thing heard
	text            text not null,
	channels        text[] not null,
	acked_at        timestamptz,
	acked_by        bigint,                       -- staff
	over_at         timestamptz,                  -- it is not so any more
	repeat_at       timestamptz,                  -- when it is told to escalate again
	rounds          int not null default 0,
	primary key (alert_id, brand_id)
);
-- A breach and a day's summary are told once for ever; a matter of health may come again once it was over.
create unique index alert_key on answerd.alert (key, brand_id) where over_at is null or event in ('waiting', 'digest');
create index alert_conversation on answerd.alert (conversation_id, brand_id) where conversation_id is not null;
create index alert_open on answerd.alert (alert_id) where over_at is null;
create index alert_repeat on answerd.alert (repeat_at) where repeat_at is not null;

-- One alert for one channel. It is pending, or kept back (quiet hours, silence), then part of a telling.
create table answerd.delivery (
	brand_id   int not null,
	alert_id   bigint not null,
	channel    text not null,
	round      int not null default 0,            -- the first telling is 0, repetitions follow
	group_key  text not null,                     -- event|policy|step: what may be told together
	state      text not null default 'pending' check (state in ('pending', 'kept', 'telling', 'told', 'dropped')),
	at         timestamptz not null default now(),
	kept_until timestamptz,                       -- answerd.now()'s clock
	kept_by    text,                              -- "quiet hours", "silence 3", for people
	telling_id bigint,
	told_at    timestamptz,
	primary key (alert_id, channel, round, brand_id),
	foreign key (alert_id, brand_id) references answerd.alert
) with (fillfactor = 70);
create index delivery_pending on answerd.delivery (channel, group_key) where state = 'pending';
create index delivery_kept on answerd.delivery (kept_until) where state = 'kept';
create index delivery_telling on answerd.delivery (telling_id) where telling_id is not null;

-- One message to one channel: the body is made once, so that every attempt says the same under the same id.
create table answerd.telling (
	telling_id bigint generated always as identity primary key,
	channel    text not null,
	group_key  text not null,
	event      text not null,
	step       text,
	policy     text,
	n_alerts   int not null,
	title      text not null,                     -- one line; no customer's words
	text       text not null,
	body       text not null,                     -- JSON (DESIGN §6)
	made_at    timestamptz not null default now(),
	attempts   int not null default 0,
	next_at    timestamptz not null default now(),
	ended_at   timestamptz,
	is_told    bool,
	failure    text
);
create unique index telling_live on answerd.telling (channel, group_key) where ended_at is null;
create index telling_age on answerd.telling (channel, group_key, made_at);

-- Somebody said: not now. It has an end, an author and a reason; what still stands at its end is told then.
create table answerd.silence (
	silence_id bigint generated always as identity primary key,
	brand_id   int,                               -- these four: null is all of them
	account_id int,
	channel    text,
	policy     text,
	at         timestamptz not null,
	until      timestamptz not null,
	by_staff   bigint not null,
	reason     text not null
);
create index silence_until on answerd.silence (until);
