-- 0002: promises: policies, the offices' hours as rows, and the deadlines that follow from both.

-- What was promised, in the order in which it is tried: the file's policies, then the shipped ones (rules/07).
create table answerd.policy (
	policy_id     int generated always as identity primary key,
	ord           int not null,
	name          text not null,
	kinds         answerd.message_kind[],       -- null: all
	natures       answerd.message_nature[],     -- null: all
	is_about      bool,                         -- null: both
	brands        text[],                       -- null: all
	warn          interval,                     -- of time only, never days: a day is not always 24 hours
	first         interval,
	next          interval,
	stop          interval,                     -- always by the calendar
	is_calendar   bool not null,
	notify        text[] not null,              -- names of channels, filled in
	escalate      text[] not null,
	is_digest     bool not null,                -- nobody is told singly: one digest a day
	is_shipped    bool not null,
	is_configured bool not null default true,
	unique (name, is_shipped)
);

-- The first policy that matches, for everything that can wait: made anew when policies change, one probe for recompute.
create table answerd.policy_choice (
	brand_id    int not null,
	policy_id   int not null,
	warn        interval,
	first       interval,
	first_lead  interval,                       -- 150 %
	next        interval,
	next_lead   interval,
	stop        interval,
	kind        answerd.message_kind not null,
	nature      answerd.message_nature not null,
	is_about    bool not null,
	is_calendar bool not null,
	is_digest   bool not null,
	primary key (kind, nature, is_about, brand_id)
);

-- A brand's calendar as it was when its frames were made (rules/06).
create table answerd.office_calendar (
	brand_id  int primary key references answerd.brand,
	from_at   timestamptz not null,
	until_at  timestamptz not null,
	timezone  text not null,
	hours     text[] not null,
	holidays  jsonb not null,                   -- [[begins, ends, name], …]: local times, or UTC with 'Z'
	zone_rules text not null                    -- digest of the zone's changes of the clock: new tzdata is seen by it
);
-- When the office is open, in UTC, one row a frame; adjacent ones are one.
create table answerd.office_frame (
	brand_id    int not null,
	opens       timestamptz not null,
	closes      timestamptz not null,
	before_us   bigint not null,                -- office time of all frames before this one
	gap         interval,                       -- until the next one opens; null on the last
	next_closes timestamptz,
	primary key (brand_id, opens)
);
create index office_frame_before on answerd.office_frame (brand_id, before_us);
-- What holidays close, for people to read.
create table answerd.office_holiday (
	brand_id int not null,
	begins   timestamptz not null,
	ends     timestamptz not null,
	name     text not null
);
create index office_holiday_begins on answerd.office_holiday (brand_id, begins);

-- Brands whose policies or calendar changed: how far their deadlines have been computed anew (rules/07).
create table answerd.renewal (
	brand_id int primary key references answerd.brand,
	begun_at timestamptz not null,
	since    timestamptz not null default '-infinity',
	id       bigint not null default 0,
	n_seen   int not null default 0,
	n_moved  int not null default 0,
	reason   text not null
);

-- Written by recompute only; alarm_told and alarm_at by the alert sweep as well.
alter table answerd.conversation
	add column policy_id   int,                         -- what its clocks come from; null when nobody waits
	add column lead_at     timestamptz,                 -- 150 % of the due time
	add column is_imported bool not null default false, -- everything that waits was imported
	add column alarm_told  smallint not null default 0, -- highest step told for oldest_id: 1 warn, 2 due, 3 lead, 4 stop
	add column alarm_at    timestamptz;                 -- the earliest step above it; null: none, imported or digest
drop index answerd.conversation_alarm;
create index conversation_alarm on answerd.conversation (alarm_at, brand_id) where alarm_at is not null;
