-- Search: conversations in which all the words stand, or begin, whatever the language: no dictionary, no accents, no case.

-- folded(text): letters as one types them: lower case, without accents and ligatures.
create or replace function answerd.folded(p text) returns text language sql immutable parallel safe set search_path = pg_catalog as $$
	select translate(replace(replace(replace(normalize(regexp_replace(lower(normalize(p, NFKD)), '[\u0300-\u036f\u064b-\u0652\u200c\u200d]', '', 'g'), NFC),
		'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'øłđðıþ', 'olddit')
$$;

-- words_of(text): its words, folded; signs and spaces part them, and where no spaces are written every character is a word.
create or replace function answerd.words_of(p text) returns text[] language sql immutable parallel safe set search_path = pg_catalog as $$
	select coalesce(array_agg(distinct left(w, 40)) filter (where w <> ''), '{}') from regexp_split_to_table(
		regexp_replace(answerd.folded(p), '([\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff])', ' \1 ', 'g'),
		'[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u206f\u20a0-\u20cf\u2100-\u2bff\u3000-\u303f\ufe00-\ufe0f\uff00-\uff0f\uff1a-\uff20]+') w
$$;

-- words_read(conversations): what stands in these; at most the newest 200 messages of each, 2,000 characters of a message.
create or replace function answerd.words_read(p_ids bigint[]) returns int language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_n int;
begin
	insert into answerd.conversation_words as w (brand_id, conversation_id, version, at, words)
	select c.brand_id, c.conversation_id, c.version, x.at, array_to_tsvector(answerd.words_of(concat_ws(' ', i.name, i.handle, array_to_string(c.tags, ' '), x.body)))
	from unnest(p_ids) u(id) join answerd.conversation c on c.conversation_id = u.id
	left join answerd.identity i on i.identity_id = c.customer_id and i.brand_id = c.brand_id
	cross join lateral (select coalesce(max(m.at), c.created_at) as at, string_agg(m.body, ' ') as body from (
		select m.at, left(m.body, 2000) as body from answerd.message m where m.root_id = c.root_id and m.customer_id = c.customer_id
			and m.account_id = c.account_id and m.brand_id = c.brand_id and m.deleted_at is null order by m.ord_at desc limit 200) m) x
	where c.merged_into is null
	on conflict (conversation_id, brand_id) do update set version = excluded.version, at = excluded.at, words = excluded.words;
	get diagnostics v_n = row_count;
	return v_n;
end $$;

-- words_catch_up(limit): reads what is new: who waits first, then a part of the walk through all of them. → how many were read.
create or replace function answerd.words_catch_up(p_limit int default 200) returns int language plpgsql volatile set search_path = pg_catalog as $$
declare
	v_ids bigint[];
	v_walk bigint;
	v_last bigint;
begin
	if not pg_try_advisory_xact_lock(hashtextextended('answerd.words', 0)) then
		return 0; -- another desk is at it
	end if;
	select array_agg(id) into v_ids from (select c.conversation_id as id from (select conversation_id, brand_id, version from answerd.conversation
			where waiting_since is not null order by waiting_since desc, conversation_id desc limit 1000) c
		left join answerd.conversation_words w on w.conversation_id = c.conversation_id and w.brand_id = c.brand_id
		where w.version is distinct from c.version limit p_limit) x;
	if coalesce(cardinality(v_ids), 0) < p_limit then
		select walked into v_walk from answerd.search_house for update;
		with slice as (
			select conversation_id, brand_id, version, merged_into from answerd.conversation where conversation_id > v_walk order by conversation_id limit 5000
		), old as (
			select s.conversation_id from slice s left join answerd.conversation_words w on w.conversation_id = s.conversation_id and w.brand_id = s.brand_id
			where s.merged_into is null and w.version is distinct from s.version order by 1 limit p_limit
		), merged as (
			delete from answerd.conversation_words w using slice s where s.merged_into is not null and w.conversation_id = s.conversation_id
				and w.brand_id = s.brand_id
		)
		-- So far, and no further, has everything been read; from the end the walk begins anew.
		select coalesce(v_ids, '{}') || array_agg(o.conversation_id),
			case when count(o.conversation_id) >= p_limit then max(o.conversation_id) else (select max(conversation_id) from slice) end
		into v_ids, v_last from old o;
		update answerd.search_house set walked = coalesce(v_last, 0) where walked <> coalesce(v_last, 0);
	end if;
	return answerd.words_read(array(select distinct unnest(array_remove(v_ids, null))));
end $$;

-- marked(text, words): a piece of it around the first of the words, each of them between \u0002 and \u0003; null where none stands.
create or replace function answerd.marked(p text, p_words text[]) returns text language sql stable set search_path = pg_catalog as $$
	with part as (
		select n, w, exists (select from unnest(p_words) t where answerd.folded(w) like t || '%') as is_hit
		from regexp_matches(left(translate(p, E'\u0002\u0003', ''), 4000),
			'[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff]|[^\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u30ff\u3400-\u4dbf\u4e00-\u9fff]+|[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+',
			'g') with ordinality x(m, n) cross join lateral (select m[1] as w) y
	), hit as (
		select min(n) as n from part where is_hit
	)
	select case when min(p.n) > 1 then '…' else '' end || string_agg(case when is_hit then E'\u0002' || w || E'\u0003' else w end, '' order by p.n)
	from part p join hit h on p.n between h.n - 16 and h.n + 44
$$;

-- search_item(words of a conversation, words looked for): one that was found, with a piece of its newest message in which one of them stands.
create or replace function answerd.search_item(w answerd.conversation_words, p_words text[]) returns json language sql stable set search_path = pg_catalog as $$
	select json_build_object('conversation', c.conversation_id::text, 'brand', b.name, 'account', a.name, 'platform', c.platform,
		'customer', json_build_object('id', c.customer_id::text, 'name', i.name, 'handle', i.handle, 'stage', null),
		'at', answerd.rfc3339(w.at), 'is_waiting', c.waiting_since is not null,
		'text', coalesce((select x.text from (select answerd.marked(m.body, p_words) as text, m.ord_at from answerd.message m
				where m.root_id = c.root_id and m.customer_id = c.customer_id and m.account_id = c.account_id and m.brand_id = c.brand_id
					and m.deleted_at is null order by m.ord_at desc limit 200) x where x.text is not null order by x.ord_at desc limit 1),
			(select left(m.body, 200) from answerd.message m where m.root_id = c.root_id and m.customer_id = c.customer_id
				and m.account_id = c.account_id and m.brand_id = c.brand_id and m.deleted_at is null order by m.ord_at desc limit 1), ''))
	from answerd.conversation c join answerd.brand b using (brand_id) join answerd.account a on a.account_id = c.account_id and a.brand_id = c.brand_id
	left join answerd.identity i on i.identity_id = c.customer_id and i.brand_id = c.brand_id
	where c.conversation_id = w.conversation_id and c.brand_id = w.brand_id
$$;

-- search(q, limit, after): newest first. Words that are everywhere are found by walking back from today; rare ones by their index. Between
-- both stands a limit: what is in the index three thousand times is sorted no further, and the answer says so.
create or replace function answerd.search(p_q text, p_limit int, p_after text) returns json language plpgsql stable set search_path = pg_catalog
set enable_seqscan = off set jit = off as $$
declare
	v_words text[] := answerd.words_of(p_q);
	v_q tsquery;
	v_limit int := least(coalesce(nullif(p_limit, 0), 20), 100);
	v_at timestamptz := 'infinity';
	v_id bigint := 9223372036854775807;
	v_found answerd.conversation_words[];
	v_n int := 0;
begin
	if cardinality(v_words) = 0 then
		perform answerd.refuse_as('AN400', 'search_empty', 'What are you looking for? A search needs a word.');
	elsif cardinality(v_words) > 16 then
		perform answerd.refuse_as('AN400', 'search_long', 'A search has at most 16 words.');
	elsif p_after is not null then
		if p_after !~ '^\d{1,16}\.\d{1,18}$' then
			perform answerd.refuse('AN400', 'That "after" is none of ours: take "next" of the page before, unchanged.');
		end if;
		v_at := answerd.from_us(split_part(p_after, '.', 1)::bigint);
		v_id := split_part(p_after, '.', 2)::bigint;
	end if;
	select string_agg(quote_literal(w) || case when length(w) > 1 then ':*' else '' end, ' & ')::tsquery into v_q from unnest(v_words) w;
	select array_agg(x.w order by x.at desc, x.conversation_id desc) into v_found from (
		select y.w, y.at, y.conversation_id from (select w, w.at, w.conversation_id, w.words from answerd.conversation_words w
			where (w.at, w.conversation_id) < (v_at, v_id) order by w.at desc, w.conversation_id desc limit 5000) y
		where y.words @@ v_q order by y.at desc, y.conversation_id desc limit v_limit + 1) x;
	if coalesce(cardinality(v_found), 0) <= v_limit then
		select array_agg(x.w order by x.at desc, x.conversation_id desc) filter (where x.n <= v_limit + 1), count(*) into v_found, v_n from (
			select y.w, y.at, y.conversation_id, row_number() over (order by y.at desc, y.conversation_id desc) as n from (
				select w, w.at, w.conversation_id from answerd.conversation_words w
				where w.words @@ v_q and (w.at, w.conversation_id) < (v_at, v_id) limit 3000) y) x;
	end if;
	return json_build_object(
		'items', coalesce((select json_agg(answerd.search_item(y.w, v_words) order by x.n) from unnest(v_found[1:v_limit]) with ordinality x(brand_id,
			conversation_id, version, at, words, n) cross join lateral (select row(x.brand_id, x.conversation_id, x.version, x.at, x.words)::answerd.conversation_words as w) y), '[]'),
		'next', case when cardinality(v_found) > v_limit then answerd.us(v_found[v_limit].at) || '.' || v_found[v_limit].conversation_id end,
		'is_partial', v_n >= 3000);
end $$;
