-- 0021: views of the queue that staff saved: a name and the page's filters. Of one person, or shared by a lead with everybody.
create table answerd.saved_view (
	view_id    bigint generated always as identity primary key,
	staff_id   bigint references answerd.staff,  -- null: everybody's
	name       text not null check (length(name) between 1 and 60),
	query      text not null check (length(query) <= 500),
	by_staff   bigint not null references answerd.staff,
	changed_at timestamptz not null
);
create unique index saved_view_name on answerd.saved_view (coalesce(staff_id, 0), name);

-- Who waits with a tag. Partial: a conversation without tags, or where nobody waits, costs nothing.
create index conversation_tags on answerd.conversation using gin (tags) where waiting_since is not null and tags <> '{}';

-- What stands in a conversation, as words for a search: made behind ingest, a slice at a time (rules/68_search.sql). A row too few is
-- found by the next walk; what was taken back leaves at once.
create table answerd.conversation_words (
	brand_id        int not null,
	conversation_id bigint not null,
	version         int not null,           -- the conversation's, when it was read
	at              timestamptz not null,   -- its newest message
	words           tsvector not null,
	primary key (conversation_id, brand_id)
);
create index conversation_words_at on answerd.conversation_words (at, conversation_id);
create index conversation_words_words on answerd.conversation_words using gin (words);
create table answerd.search_house (
	is_one boolean primary key default true check (is_one),
	walked bigint not null default 0        -- the conversation up to which the walk has come
);
insert into answerd.search_house default values;
