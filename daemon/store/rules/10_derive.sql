-- What a message is, derived from itself and its parent alone (PRODUCT, "What counts as an answer"; INGEST §1).
-- Small functions that the planner inlines: ingest and rethread use the same ones, so the rules stand once.
-- parent_seen: is the parent's row there? parent_*: its columns, null otherwise.

-- The thread. Text, not a number, so that messages below a parent that nobody has seen share its id as their root.
create or replace function answerd.derive_root(direction answerd.message_direction, external_id text, parent_id text,
	thread_id text, parent_seen bool, parent_root text) returns text language sql immutable parallel safe as $$
	select coalesce(thread_id, case
		when parent_seen then coalesce(parent_root, case when direction = 'inbound' then external_id end)
		when direction = 'inbound' then external_id
		else parent_id end)
$$;

-- The customer: the author; for a message of ours the nearest customer above, or the other end of a direct exchange.
create or replace function answerd.derive_customer(direction answerd.message_direction, author_id bigint, peer_id bigint,
	parent_customer bigint) returns bigint language sql immutable parallel safe as $$
	select case when direction = 'inbound' then author_id else coalesce(parent_customer, peer_id) end
$$;

-- The order within the thread: a reply covers the message that it answers, also in the same second or with a wrong clock.
create or replace function answerd.derive_ord(direction answerd.message_direction, at timestamptz, parent_ord timestamptz)
returns timestamptz language sql stable parallel safe as $$ -- stable: see from_us()
	select case when direction = 'inbound' then at else greatest(at - interval '1 microsecond', parent_ord) end
$$;

-- To us: it names us (or is direct, or stands on what is ours), answers a message of ours, is answered by a message of
-- ours directly, or continues its author's own message that was to us. Reactions never are.
create or replace function answerd.derive_to_us(kind answerd.message_kind, direction answerd.message_direction, is_named bool,
	author_id bigint, is_replied_by_us bool, parent_kind answerd.message_kind,
	parent_direction answerd.message_direction, parent_author bigint, parent_to_us bool) returns bool language sql immutable
parallel safe as $$
	select direction = 'inbound' and kind <> 'other' and (is_named or is_replied_by_us
		or coalesce(parent_direction = 'outbound' and parent_kind <> 'other', false)
		or coalesce(parent_direction = 'inbound' and parent_author = author_id and parent_to_us, false))
$$;

-- What a list shows of a message: its beginning, or that of its warning. Most are shorter than that, and need no counting.
create or replace function answerd.excerpt(body text, warning text) returns text language sql immutable parallel safe as $$
	select case when octet_length(body) between 1 and 300 then body else left(coalesce(nullif(body, ''), warning), 300) end
$$;
