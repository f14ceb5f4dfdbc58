-- By the office's clock, how long has each waited? $1 int8[] conversations. One row: a JSON object, id → seconds, as text.
select coalesce(json_object_agg(c.conversation_id, extract(epoch from answerd.business_between(c.brand_id, c.waiting_since, answerd.now()))::int8), '{}')::text
from unnest($1::int8[]) u(id)
cross join lateral (select * from answerd.conversation c where c.conversation_id = u.id and c.waiting_since is not null limit 1) c
