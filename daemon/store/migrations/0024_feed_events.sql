-- 0024: events for programs of others: what happened, in one order, told to webhooks that asked for it.
alter table answerd.channel
	add column events text[] not null default '{}', -- families it is told: message, wait, reply, conversation; {}: it is told alerts
	add column fed_no bigint not null default 0;    -- the last event that stands in a telling of it

-- One row an event, written in the transaction that made it, and only while a channel asks for events. Ids only: the words are
-- looked up when they are told, so that what was erased is not told later.
create table answerd.feed (
	brand_id        int not null,
	feed_id         bigint generated always as identity,
	no              bigint,                     -- its place in the order, given once its transaction is visible; null until then
	at              timestamptz not null,
	event           text not null,              -- "message.received", "wait.began", …
	account_id      int not null,
	conversation_id bigint,
	external_id     text,                       -- of a message
	reply_id        bigint,
	actor           text,                       -- "staff:3", "worker"
	how             text,                       -- one word more: how a wait ended, where a reply's state comes from
	primary key (feed_id, brand_id)
);
create index feed_new on answerd.feed (feed_id) where no is null;
create index feed_no on answerd.feed (no) where no is not null;
create sequence answerd.feed_order as bigint;
