-- Snippets: words to begin with.
create or replace function answerd.snippet_filled(s answerd.snippet, c answerd.conversation, p_actor bigint) returns text language sql stable
set search_path = pg_catalog as $$
	-- The customer's name comes last: a name like "{me}" is a name.
	select replace(replace(replace(s.body, '{me}', coalesce(answerd.public_name(p_actor), '')), '{brand}',
		(select b.name from answerd.brand b where b.brand_id = s.brand_id)), '{customer}', coalesce((select coalesce(nullif(i.name, ''), i.handle)
		from answerd.identity i where i.identity_id = c.customer_id and i.brand_id = c.brand_id), ''))
$$;
create or replace function answerd.snippet_json(s answerd.snippet) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('name', s.name, 'brand', (select b.name from answerd.brand b where b.brand_id = s.brand_id), 'text', s.body,
		'by', (select login from answerd.staff f where f.staff_id = s.by_staff), 'changed_at', answerd.rfc3339(s.changed_at))
$$;
create or replace function answerd.snippets_list(p_brand text, p_conversation text, p_actor bigint) returns json language plpgsql stable
set search_path = pg_catalog as $$
declare
	c answerd.conversation;
	v_brand int := answerd.brand_named(p_brand);
begin
	if p_conversation is not null then
		c := answerd.conversation_named(p_conversation);
		v_brand := c.brand_id;
	end if;
	return json_build_object('items', coalesce((select json_agg(case when c.conversation_id is null then answerd.snippet_json(s)::jsonb
			else answerd.snippet_json(s)::jsonb || jsonb_build_object('filled', answerd.snippet_filled(s, c, p_actor)) end order by s.name, s.brand_id)
		from answerd.snippet s where v_brand is null or s.brand_id = v_brand), '[]'), 'next', null);
end $$;
create or replace function answerd.snippet_put(p_brand text, p_name text, p_text text, p_actor bigint) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	s answerd.snippet;
	v_brand int := answerd.brand_named(p_brand);
begin
	if v_brand is null then
		select min(brand_id) into v_brand from answerd.brand where is_configured having count(*) = 1;
		if v_brand is null then
			perform answerd.refuse('AN400', 'For which brand? --brand B');
		end if;
	end if;
	if p_name !~ '^[a-z0-9][a-z0-9._-]{0,39}$' then
		perform answerd.refuse('AN400', 'A snippet is called by 1 to 40 of a-z, 0-9, dot, dash and underscore.');
	elsif btrim(coalesce(p_text, ''), E' \t\r\n') = '' then
		perform answerd.refuse('AN400', 'A snippet needs words.');
	elsif regexp_replace(p_text, '\{(customer|me|brand)\}', '', 'g') ~ '\{[a-z]+\}' then
		perform answerd.refuse('AN400', 'The fields of a snippet are {customer}, {me} and {brand}.');
	end if;
	insert into answerd.snippet (brand_id, name, body, by_staff, changed_at) values (v_brand, p_name, p_text, p_actor, answerd.now())
	on conflict (name, brand_id) do update set body = excluded.body, by_staff = excluded.by_staff, changed_at = excluded.changed_at returning * into s;
	perform answerd.audited(v_brand, 'staff:' || p_actor, 'snippet', 'snippet:' || p_name);
	return answerd.snippet_json(s);
end $$;
create or replace function answerd.snippet_remove(p_brand text, p_name text, p_actor bigint) returns json language plpgsql volatile
set search_path = pg_catalog as $$
declare
	s answerd.snippet;
	v_brand int := answerd.brand_named(p_brand);
begin
	delete from answerd.snippet where name = p_name and (v_brand is null or brand_id = v_brand) returning * into s;
	if not found then
		perform answerd.refuse_as('AN404', 'not_there', 'There is no snippet "%s". answer snippet list names them.', left(p_name, 60));
	end if;
	perform answerd.audited(s.brand_id, 'staff:' || p_actor, 'snippet_remove', 'snippet:' || p_name);
	return answerd.snippet_json(s);
end $$;
