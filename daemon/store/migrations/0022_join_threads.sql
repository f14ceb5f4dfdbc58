-- 0022: what staff do together over one conversation: two threads become one, and a colleague is named in a note.

-- A person joined this message's thread to that one: stronger than what the platform says. Stands on the tops of the joined thread
-- only (and where the platform names the thread, on all of it); everything below follows its parent, as ever.
alter table answerd.message add column merged_root text;
create index message_merged on answerd.message (merged_root, account_id, brand_id) where merged_root is not null;
-- What comes later and says that it belongs to a joined thread goes where that went. Ingest looks only where there is one.
alter table answerd.account add column has_joins bool not null default false;
create table answerd.thread_join (
	brand_id   int not null,
	account_id int not null,
	staff_id   bigint not null,
	at         timestamptz not null,
	root_id    text not null,
	into_root  text not null,
	primary key (root_id, account_id, brand_id)
);
create index thread_join_into on answerd.thread_join (into_root, account_id, brand_id);

-- Whom a note names with @: they find it without being told where.
create table answerd.note_mention (
	brand_id int not null,
	staff_id bigint not null,
	note_id  bigint not null,
	seen_at  timestamptz,
	primary key (staff_id, note_id, brand_id)
);
create index note_mention_unseen on answerd.note_mention (staff_id, note_id, brand_id) where seen_at is null;
create index note_mention_note on answerd.note_mention (note_id, brand_id);
