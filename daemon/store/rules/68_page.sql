-- What the queue's page keeps and counts: saved views, and how many wait in each of the usual ones.

-- saved_view_json(view): the object of the API; by: the login of who saved it last.
create or replace function answerd.saved_view_json(v answerd.saved_view) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('id', v.view_id::text, 'name', v.name, 'query', v.query, 'is_shared', v.staff_id is null,
		'by', (select login from answerd.staff where staff_id = v.by_staff))
$$;
-- saved_views(actor) → {items, next}: everybody's first, then the caller's.
create or replace function answerd.saved_views(p_actor bigint) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('items', coalesce((select json_agg(answerd.saved_view_json(v) order by v.staff_id is not null, v.name) from answerd.saved_view v
		where v.staff_id is null or v.staff_id = p_actor), '[]'), 'next', null)
$$;

-- saved_view_put(name, query, shared, actor): a name is a view; saved again it is another one.
create or replace function answerd.saved_view_put(p_name text, p_query text, p_shared bool, p_actor bigint) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	v answerd.saved_view;
	v_name text := btrim(regexp_replace(p_name, '[[:cntrl:]]+', ' ', 'g'));
	v_owner bigint := case when coalesce(p_shared, false) then null else p_actor end;
begin
	if length(v_name) not between 1 and 60 then
		perform answerd.refuse_as('AN400', 'view_name', 'A view''s name has 1 to 60 characters.');
	elsif p_query !~ '^([a-z_]+=[A-Za-z0-9%._~+-]*(&[a-z_]+=[A-Za-z0-9%._~+-]*)*)?$' or length(p_query) > 500 then
		perform answerd.refuse('AN400', 'A view is a query of the queue''s page, such as "brand=acme&overdue=1".');
	elsif v_owner is null and not answerd.is_lead(p_actor) then
		perform answerd.refuse_as('AN403', 'lead_only', 'A lead shares views with everybody.');
	elsif (select count(*) >= 100 from answerd.saved_view where staff_id is not distinct from v_owner) then
		perform answerd.refuse_as('AN409', 'views_many', 'There are 100 views already. Remove one first.');
	end if;
	insert into answerd.saved_view (staff_id, name, query, by_staff, changed_at) values (v_owner, v_name, p_query, p_actor, answerd.now())
	on conflict (coalesce(staff_id, 0), name) do update set query = excluded.query, by_staff = excluded.by_staff, changed_at = excluded.changed_at
	returning * into v;
	perform answerd.audited(0, 'staff:' || p_actor, 'view', 'view:' || v.view_id);
	return answerd.saved_view_json(v);
end $$;

-- saved_view_remove(id, actor) → the view that was: one's own; a shared one by a lead.
create or replace function answerd.saved_view_remove(p_view text, p_actor bigint) returns json language plpgsql volatile set search_path = pg_catalog as $$
declare
	v answerd.saved_view;
begin
	select * into v from answerd.saved_view where view_id::text = p_view and (staff_id is null or staff_id = p_actor) for update;
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no such view of yours.');
	elsif v.staff_id is null and not answerd.is_lead(p_actor) then
		perform answerd.refuse_as('AN403', 'lead_only', 'A lead removes what is shared with everybody.');
	end if;
	delete from answerd.saved_view where view_id = v.view_id;
	perform answerd.audited(0, 'staff:' || p_actor, 'view_remove', 'view:' || v.view_id);
	return answerd.saved_view_json(v);
end $$;

-- queue_counts(actor): how many wait in the usual views, each to a thousand at most: what is more is "999+".
create or replace function answerd.queue_counts(p_actor bigint) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object(
		'waiting', (select count(*) from (select from answerd.queue_row q where q.is_listed order by q.waiting_since, q.conversation_id limit 1000) x),
		'mine', (select count(*) from (select from answerd.queue_row q where q.assignee_id = p_actor and q.is_held and q.is_listed limit 1000) x),
		'overdue', (select count(*) from (select from answerd.queue_row q where q.due_key <= answerd.now() and q.is_listed
			order by q.due_key, q.waiting_since, q.conversation_id limit 1000) x),
		'most', 1000)
$$;
