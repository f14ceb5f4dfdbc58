-- Holes in what was heard. A source's row holds the span that is being heard now, heard_span those before it; between two spans there
-- always is a gap: open (it is walked through in spare budget), closed (read after all: the spans grow together) or lost, with a reason.

-- gap_found(…): something before this page cannot be reached. The span that was heard ends where the hole begins; another begins behind
-- it, with the page's oldest message (0: unknown) or, where that tells nothing, with the walk itself. While nothing was heard since, the
-- hole grows. p_least_us: it is none unless we had not heard for so long (a message that is gone may simply have been taken back).
create or replace function answerd.gap_found(p_brand int, p_account int, p_source int, p_epoch bigint, p_asked_us bigint, p_reason text,
	p_oldest_us bigint, p_least_us bigint) returns void language plpgsql set search_path = pg_catalog, answerd as $$
declare
	s answerd.source;
	v_asked timestamptz := least(answerd.from_us(p_asked_us), answerd.now()); -- the worker's clock may be fast
	v_until timestamptz;
begin
	perform from answerd.account where account_id = p_account and brand_id = p_brand and epoch = p_epoch for no key update;
	if not found then
		return;
	end if;
	select * into s from answerd.source where source_id = p_source and account_id = p_account and brand_id = p_brand;
	if p_least_us > 0 and coalesce(v_asked - s.heard_until < p_least_us * interval '1 microsecond', true) then
		return;
	end if;
	v_until := case when p_oldest_us > 0 and answerd.from_us(p_oldest_us) between s.heard_until and v_asked
		then greatest(answerd.from_us(p_oldest_us), s.heard_until + interval '1 ms') else greatest(v_asked, s.heard_until + interval '1 ms') end;
	-- One walk tells it once; a source that was never heard to its end has a hole before everything.
	insert into answerd.gap as g (brand_id, account_id, source_id, from_at, until_at, reason, found_at)
	values (p_brand, p_account, p_source, s.heard_until, v_until, p_reason, answerd.now())
	on conflict (source_id, reason, account_id, brand_id) where closed_at is null do nothing;
	if not found then
		-- An open one of the same kind: it grows, and what was heard between the two is read once more.
		update answerd.gap g set until_at = greatest(g.until_at, v_until), next_at = null, refill_state = '', reached_at = null, is_broken = false, tries = 0
		where g.source_id = p_source and g.reason = p_reason and g.account_id = p_account and g.brand_id = p_brand and g.closed_at is null
			and g.until_at < v_until;
		if not found then
			return;
		end if;
		delete from answerd.heard_span h using answerd.gap g where g.source_id = p_source and g.reason = p_reason and g.account_id = p_account
			and g.brand_id = p_brand and g.closed_at is null and h.source_id = p_source and h.account_id = p_account and h.brand_id = p_brand
			and h.from_at >= g.from_at;
	elsif s.heard_from < s.heard_until then
		insert into answerd.heard_span (brand_id, account_id, source_id, from_at, until_at)
		values (p_brand, p_account, p_source, s.heard_from, s.heard_until) on conflict do nothing;
	end if;
	update answerd.source set heard_from = v_until where source_id = p_source and account_id = p_account and brand_id = p_brand;
end $$;

-- spans_joined(source): spans that touch become one.
create or replace function answerd.spans_joined(p_brand int, p_account int, p_source int) returns void language plpgsql
set search_path = pg_catalog, answerd as $$
declare
	h answerd.heard_span;
	v_last answerd.heard_span;
begin
	for h in select * from answerd.heard_span where source_id = p_source and account_id = p_account and brand_id = p_brand order by from_at loop
		if v_last.until_at >= h.from_at then
			v_last.until_at := greatest(v_last.until_at, h.until_at);
			delete from answerd.heard_span where source_id = p_source and from_at = h.from_at and account_id = p_account and brand_id = p_brand;
			update answerd.heard_span set until_at = v_last.until_at
			where source_id = p_source and from_at = v_last.from_at and account_id = p_account and brand_id = p_brand;
		else
			v_last := h;
		end if;
	end loop;
	update answerd.source s set heard_from = v_last.from_at where s.source_id = p_source and s.account_id = p_account and s.brand_id = p_brand
		and s.heard_from between v_last.from_at and v_last.until_at;
	if found then
		delete from answerd.heard_span where source_id = p_source and from_at = v_last.from_at and account_id = p_account and brand_id = p_brand;
	end if;
end $$;

-- gaps_due(brand, account) → the newest open gap that is to be walked through now; else when the next one is.
create or replace function answerd.gaps_due(p_brand int, p_account int)
returns table (gap_id bigint, source_id int, state text, from_us bigint, until_us bigint, wait_us bigint) language plpgsql stable
set search_path = pg_catalog, answerd as $$
#variable_conflict use_column
begin
	return query select g.gap_id, g.source_id, g.refill_state, answerd.us(coalesce(g.from_at, '2004-01-01Z')), answerd.us(g.until_at), 0::bigint
		from answerd.gap g join answerd.source s on s.source_id = g.source_id and s.account_id = g.account_id and s.brand_id = g.brand_id
		where g.account_id = p_account and g.brand_id = p_brand and g.closed_at is null and coalesce(g.next_at <= answerd.now(), true)
			and s.is_configured and s.failures = 0 and s.imported_at is not null
		order by g.until_at desc limit 1;
	if not found then
		return query select null::bigint, null::int, null::text, null::bigint, null::bigint,
			(select greatest(answerd.us(min(g.next_at)) - answerd.us(answerd.now()), 1000000) from answerd.gap g
				where g.account_id = p_account and g.brand_id = p_brand and g.closed_at is null and g.next_at is not null);
	end if;
end $$;

-- refilled(…) → what became of the gap: open, closed or lost. A walk through it goes from new to old; it has read everything down to
-- the oldest message that it showed before it came to a hole itself. Three walks that do not reach the beginning of the gap: the rest of it is lost.
create or replace function answerd.refilled(p_brand int, p_account int, p_gap bigint, p_epoch bigint, p_state text, p_oldest_us bigint,
	p_is_done bool, p_has_hole bool) returns text language plpgsql set search_path = pg_catalog, answerd as $$
declare
	g answerd.gap;
	v_lost jsonb;
begin
	perform from answerd.account where account_id = p_account and brand_id = p_brand and epoch = p_epoch for no key update;
	if not found then
		return 'open';
	end if;
	update answerd.gap set refill_state = case when p_is_done then '' else coalesce(p_state, '') end,
		is_broken = (is_broken or p_has_hole) and not p_is_done,
		reached_at = least(reached_at, case when p_oldest_us > 0 and not (is_broken or p_has_hole) then answerd.from_us(p_oldest_us) end)
	where gap_id = p_gap and account_id = p_account and brand_id = p_brand and closed_at is null returning * into g;
	if not found then
		return 'closed';
	end if;
	if not p_is_done then
		return 'open';
	end if;
	-- Clearly behind its beginning: feeds tell whole seconds, and in the very second of it there may be more that is not shown.
	if g.reached_at <= g.from_at - interval '1 second' then
		perform answerd.gap_closed(g, g.from_at);
		return 'closed';
	end if;
	if g.tries < 2 then
		update answerd.gap set tries = tries + 1, next_at = answerd.now() + interval '5 min' * 4 ^ tries, reached_at = null
		where gap_id = p_gap and account_id = p_account and brand_id = p_brand;
		return 'open';
	end if;
	if g.reached_at > coalesce(g.from_at, '-infinity') and g.reached_at < g.until_at then
		perform answerd.gap_closed(g, g.reached_at);
	end if;
	v_lost := jsonb_build_array(case when p_has_hole then jsonb_build_object('code', 'lost_first_page')
		when g.reached_at is null then jsonb_build_object('code', 'lost_all')
		else jsonb_build_object('code', 'lost_before', 'at', answerd.rfc3339(g.reached_at)) end);
	update answerd.gap set closed_at = answerd.now(), lost_at = answerd.now(), until_at = case when g.reached_at > coalesce(g.from_at, '-infinity')
			then least(until_at, g.reached_at) else until_at end,
		lost_reason = answerd.said(v_lost, 'UTC'), lost_parts = v_lost
	where gap_id = p_gap and account_id = p_account and brand_id = p_brand;
	return 'lost';
end $$;

-- lost_parts(gap), gap_parts(gap): why it is lost; why it is there, and if it is, lost.
create or replace function answerd.lost_parts(g answerd.gap) returns jsonb language sql stable set search_path = pg_catalog as $$
	select coalesce(g.lost_parts, case when g.lost_reason is not null then jsonb_build_array(jsonb_build_object('code', 'words_on', 'text', g.lost_reason)) end)
$$;
create or replace function answerd.gap_parts(g answerd.gap) returns jsonb language sql stable set search_path = pg_catalog as $$
	select answerd.parts_of(g.reason) || coalesce(answerd.lost_parts(g), '[]')
$$;

-- gap_closed(gap, from): it was read from there on. From its beginning: it is closed; else it is the smaller.
create or replace function answerd.gap_closed(g answerd.gap, p_from timestamptz) returns void language plpgsql
set search_path = pg_catalog, answerd as $$
begin
	insert into answerd.heard_span (brand_id, account_id, source_id, from_at, until_at)
	values (g.brand_id, g.account_id, g.source_id, p_from, g.until_at) on conflict do nothing;
	if p_from = g.from_at then
		update answerd.gap set closed_at = answerd.now() where gap_id = g.gap_id and account_id = g.account_id and brand_id = g.brand_id;
	else
		update answerd.gap set until_at = p_from where gap_id = g.gap_id and account_id = g.account_id and brand_id = g.brand_id;
	end if;
	perform answerd.spans_joined(g.brand_id, g.account_id, g.source_id);
end $$;

-- heard_ranges(source) → all that it has provably heard.
create or replace function answerd.heard_ranges(s answerd.source) returns tstzmultirange language sql stable set search_path = pg_catalog as $$
	select coalesce(range_agg(tstzrange(x.f, x.u)), '{}') from (
		select h.from_at as f, h.until_at as u from answerd.heard_span h
		where h.source_id = s.source_id and h.account_id = s.account_id and h.brand_id = s.brand_id
		union all
		select s.heard_from, s.heard_until where s.heard_from < s.heard_until) x
$$;
