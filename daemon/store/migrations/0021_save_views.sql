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
