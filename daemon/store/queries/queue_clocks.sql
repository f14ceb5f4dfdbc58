-- By the office's clock, how long has each waited? $1 int8[] conversations. One row: a JSON object, id → seconds, as text.
select coalesce(json_object_agg(c.conversation_id, round(greatest(n.us - s.us, 0) / 1000000.0)::int8), '{}')::text
from unnest($1::int8[]) u(id)
cross join lateral (select * from answerd.conversation c where c.conversation_id = u.id and c.waiting_since is not null limit 1) c
cross join lateral answerd.office_until(c.brand_id, c.waiting_since) s
cross join lateral answerd.office_until(c.brand_id, answerd.now()) n
