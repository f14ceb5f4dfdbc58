-- 0006: what a page of the queue shows stands in the conversation itself, so that a page costs one walk along one index.
-- Written by recompute for what waits, null otherwise; names follow in ingest when somebody is called otherwise from now on.

alter table answerd.conversation
	add column excerpt text,            -- the beginning of the oldest message that waits, as it was written
	add column permalink text,          -- of that message
	add column customer_name text,
	add column customer_handle text;

update answerd.conversation c set excerpt = left(coalesce(nullif(m.body, ''), m.warning), 300), permalink = m.permalink,
	customer_name = i.name, customer_handle = i.handle
from answerd.message m, answerd.identity i
where c.waiting_since is not null and m.external_id = c.oldest_id and m.account_id = c.account_id and m.brand_id = c.brand_id
	and i.identity_id = c.customer_id and i.brand_id = c.brand_id;

-- The platform stands behind the order, so that it is judged without a look at the row.
drop index answerd.conversation_brand;
create index conversation_brand on answerd.conversation (brand_id, waiting_since, conversation_id, platform) where waiting_since is not null;
-- By what falls due next, a hard stop as well as an answer; what has no date comes last, by age. 
drop index answerd.conversation_due;
create index conversation_due on answerd.conversation (coalesce(least(due_at, stop_at), 'infinity'), waiting_since, conversation_id, platform)
	where waiting_since is not null;
create index conversation_brand_due on answerd.conversation (brand_id, coalesce(least(due_at, stop_at), 'infinity'), waiting_since,
	conversation_id, platform)
	where waiting_since is not null;
create index conversation_assignee_due on answerd.conversation (assignee_id, coalesce(least(due_at, stop_at), 'infinity'), waiting_since,
	conversation_id)
	where waiting_since is not null and assignee_id is not null;
