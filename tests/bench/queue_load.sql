-- {conversations} conversations of ten messages each, one in twenty waiting: 50 brands of skewed sizes, 5 platforms, 200 agents,
-- 30 % unassigned. Built without indexes first, as a restore would be.
create temp table def as select indexdef from pg_indexes where schemaname = 'answerd' and tablename in ('message', 'conversation')
	and indexname not like '%_pkey';
do $$ declare x text; begin
	for x in select format('drop index answerd.%I', indexname) from pg_indexes where schemaname = 'answerd'
		and tablename in ('message', 'conversation') and indexname not like '%_pkey' loop execute x; end loop;
end $$;
alter table answerd.message drop constraint message_pkey;
insert into answerd.brand (name) select 'brand' || i from generate_series(1, 50) i;
insert into answerd.account (brand_id, name, platform, server, realm, every_us, state)
select b, 'a' || b || '_' || p, 'platform' || p, 's', 'r', 60000000, 'listening' from generate_series(1, 50) b, generate_series(0, 4) p;
insert into answerd.staff (login, name, role) select 'agent' || i, 'Agent ' || i, 'agent' from generate_series(1, 200) i;
insert into answerd.identity (brand_id, realm, external_id, handle, name)
select b, 'r', 'u' || i, 'user' || i, 'User ' || i from generate_series(1, 50) b, generate_series(1, 2000) i;
insert into answerd.conversation (brand_id, account_id, customer_id, waiting_since, answered_ord, unanswered, oldest_id, kind, nature, platform,
	root_id, assignee_id, assigned_until, due_at)
select b, a.account_id, id.identity_id, case when i % 20 = 0 then t end, t - interval '1 day', (i % 20 = 0)::int,
	case when i % 20 = 0 then 'm' || i || '_9' end, 'mention', case when i % 7 = 0 then 'complaint' else 'question' end::answerd.message_nature,
	a.platform, 'm' || i || '_0', case when abs(hashint8(i + 1) % 10) < 7 then 1 + abs(hashint8(i + 2) % 200) end, now() + interval '1 day',
	case when i % 20 = 0 then t + interval '1 hour' * (1 + i % 24) end
from (select i, 1 + (floor(50 * power((abs(hashint8(i) % 1000)) / 1000.0, 2)))::int as b,
	timestamptz '2026-06-01' + ((i * 2654435761) % 2592000) * interval '1 second' as t from generate_series(1::bigint, {conversations}) i) x
join answerd.account a on a.brand_id = x.b and a.platform = 'platform' || abs(hashint8(x.i * 31) % 5)
join answerd.identity id on id.brand_id = x.b and id.external_id = 'u' || (1 + x.i % 2000);
insert into answerd.message (brand_id, account_id, author_id, customer_id, posted_at, at, ord_at, first_seen_at, hash, kind, direction, nature,
	visibility, is_named, is_about, is_automatic, is_imported, is_to_us, external_id, parent_id, root_id, body, language, permalink)
select c.brand_id, c.account_id, c.customer_id, c.customer_id, w, w, w, w, k, case when k = 0 then 'mention' else 'reply' end::answerd.message_kind,
	case when k % 2 = 1 and not (k = 9 and c.waiting_since is not null) then 'outbound' else 'inbound' end::answerd.message_direction, 'question',
	'public', k = 0, false, false, false, true, replace(c.root_id, '_0', '_' || k), case when k > 0 then replace(c.root_id, '_0', '_' || (k - 1)) end,
	c.root_id, repeat('lorem ipsum dolor ', 6) || k, 'en', 'https://s.test/' || c.root_id
from answerd.conversation c cross join generate_series(0, 9) k
cross join lateral (select case when k = 9 and c.waiting_since is not null then c.waiting_since
	else c.answered_ord - interval '1 hour' * (10 - k) end as w) t;
alter table answerd.message add constraint message_pkey primary key (external_id, account_id, brand_id);
do $$ declare x text; begin for x in select indexdef from def loop execute x; end loop; end $$;
insert into answerd.worker (holder, pid, started_at, beat_at) values ('bench', 1, now(), now() + interval '1 day');
