-- 0004: what was provably heard, what was not, and what makes us believe that we are deaf (RELIABILITY I1, I5).

-- The span of time that a source is hearing now stands in its own row, which every answer writes anyway: from heard_from until
-- heard_until. Spans before the last hole stand here; between two spans of a source there is always a gap.
create table answerd.heard_span (
	brand_id   int not null,
	account_id int not null,
	source_id  int not null,
	from_at    timestamptz not null,
	until_at   timestamptz not null,
	primary key (source_id, from_at, account_id, brand_id)
);

alter table answerd.source
	add column heard_from    timestamptz, -- when the span began that is being heard; null: nothing was yet
	add column polled_at     timestamptz, -- end of the last walk for news
	add column interval_us   bigint,      -- how long such walks lie apart, as a running mean
	add column news_at       timestamptz, -- last page with something new in it
	add column failing_since timestamptz, -- first failure since heard_at
	add column failure_kind  text,        -- of the last one: retry, limited, auth, gone, data …
	add column unread_since  timestamptz, -- most elements of its pages cannot be read since then
	add column usual_silence interval,    -- how long it has to be silent, here and now, before that is strange; null: not known
	add column usual_at      timestamptz, -- when that was judged
	add column stuck_since   timestamptz; -- its walk goes on and on since then and brings nothing new
update answerd.source set heard_from = least(coalesce(imported_at, heard_until), heard_until), polled_at = heard_at, news_at = heard_at;

alter table answerd.account
	add column leased_at   timestamptz, -- when its worker took it
	add column token_until timestamptz, -- when its credential ends, where that is known
	add column skew_us     bigint;      -- how far the server's clock is off; null: not worth speaking of
alter table answerd.alert_house add column silent_us bigint not null default 21600000000;

-- A gap is open, then closed because it was read after all, or lost: closed_at with lost_at.
alter table answerd.gap
	add column lost_at      timestamptz,
	add column lost_reason  text,
	add column tries        int not null default 0,     -- walks through it that ended
	add column next_at      timestamptz,                -- of the next one; null: now
	add column refill_state text not null default '',   -- of the walk under way
	add column is_broken    bool not null default false, -- the walk under way came to a hole itself
	add column reached_at   timestamptz;                -- oldest message that a walk through it has shown

-- What is wrong with hearing, as the sweep saw it last. source_id 0: the whole account. Told: after n_seen sweeps in a row.
create table answerd.trouble (
	brand_id   int not null,
	account_id int not null,
	source_id  int not null,
	reason     text not null,
	is_deaf    bool not null,               -- then the source is not heard; else it is only about to get worse
	since      timestamptz not null,
	text       text not null,
	n_seen     int not null default 1,
	n_needed   int not null default 1,
	key        text,                        -- of its alert; null: not told yet
	primary key (account_id, source_id, reason, brand_id)
);

create index source_account on answerd.source (account_id, brand_id);

-- In which hours somebody spoke: from this a source's own silences are known. Filled behind the messages, never while they come.
create table answerd.rhythm_hour (
	brand_id   int not null,
	account_id int not null,
	source_id  int not null,
	hour       timestamptz not null,
	primary key (source_id, hour, account_id, brand_id)
);
create table answerd.rhythm (
	brand_id   int not null,
	account_id int not null,
	learned_until timestamptz,              -- of its messages, by their time
	learned_at timestamptz,                 -- when it was looked at last
	primary key (account_id, brand_id)
);

-- The rules define these anew, with more columns and parameters.
drop view if exists answerd.coverage;
drop view if exists answerd.source_health;
drop function if exists answerd.failed(int, int, int, bigint, text);
drop function if exists answerd.gap_found(int, int, int, bigint, bigint, text);
