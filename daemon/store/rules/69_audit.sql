-- The audit log, read: who did what, when, from where; and whether its chain is whole.

drop function if exists answerd.audit_list(text, text, text, bigint, int);

-- audit_page(brand, act, who, from, to, after, limit): rows of a brand's chain (null: the house's own: who signed in, staff, tokens),
-- newest first. who: a login, or 'worker', or 'unknown': strangers who failed to sign in.
create or replace function answerd.audit_page(p_brand text, p_act text, p_who text, p_from timestamptz, p_to timestamptz, p_after bigint, p_limit int)
returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	v_brand int := coalesce(answerd.brand_named(p_brand), 0);
	v_who text;
	v json;
	v_next bigint;
	v_n int;
	v_first timestamptz;
begin
	if p_who is not null then
		v_who := case when p_who in ('worker', 'unknown') then p_who else 'staff:' || (answerd.staff_named(p_who)).staff_id end;
	end if;
	select json_agg(json_build_object('brand', p_brand, 'seq', x.seq::text, 'at', answerd.rfc3339(x.at), 'actor', x.actor,
			'login', (select s.login from answerd.staff s where x.actor = 'staff:' || s.staff_id), 'act', x.act, 'object', x.object,
			'object_login', (select s.login from answerd.staff s where x.object = 'staff:' || s.staff_id),
			'detail', x.detail, 'hash', x.hash) order by x.seq desc), min(x.seq), count(*), min(x.at)
	into v, v_next, v_n, v_first
	from (select * from answerd.audit a where a.brand_id = v_brand and (p_after is null or a.seq < p_after)
		and (p_act is null or a.act = p_act) and (v_who is null or a.actor = v_who)
		and (p_from is null or a.at >= p_from) and (p_to is null or a.at < p_to) order by a.seq desc limit p_limit) x;
	return json_build_object('items', coalesce(v, '[]'), 'next', case when v_n = p_limit then v_next::text end,
		'from', answerd.rfc3339(coalesce(p_from, v_first, answerd.now())), 'to', answerd.rfc3339(coalesce(p_to, answerd.now())));
end $$;

-- audit_chain(brand, after): is every row of the chain as it was written, and behind the one before it? A slice a call: ask again with
-- 'next' until that is null. What was cut off at the end is told by the heads that leave the house daily (desk/heads.c).
create or replace function answerd.audit_chain(p_brand text, p_after bigint) returns json language plpgsql stable set search_path = pg_catalog as $$
declare
	c_slice constant int := 10000;
	v_brand int := coalesce(answerd.brand_named(p_brand), 0);
	v record;
begin
	select * into v from answerd.verify_audit(v_brand, coalesce(p_after, 0), c_slice);
	return (select json_build_object('brand', p_brand, 'checked', v.o_n, 'next', case when v.o_n = c_slice then v.o_last::text end,
		'findings', coalesce(to_json(v.o_findings), '[]'),
		'since', (select answerd.rfc3339(a.at) from answerd.audit a where a.brand_id = v_brand order by a.seq limit 1),
		'head', (select json_build_object('seq', a.seq::text, 'at', answerd.rfc3339(a.at), 'hash', a.hash) from answerd.audit a
			where a.brand_id = v_brand order by a.seq desc limit 1)));
end $$;
