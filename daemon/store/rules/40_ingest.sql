-- ingest(…): one page of one source becomes messages, threads and right clocks, and the walk moves on: one round trip, one
-- transaction (DESIGN §5, INGEST.md). Called by the worker only, as one prepared statement a page.
--
-- In:  brand, account, source, epoch (the fence), walk 'poll' | 'sweep' | 'refill' | 'thread' | 'recheck', seq (of the poll state that was
--      read), state (the connector's, to store with the page), is_done (the walk ended), asked_us (when the walk began);
--      then arrays, one element a message, without repeated ids: times in microseconds since 1970, 0 unknown;
--      flags 1 named, 2 about, 4 automatic; texts may be null; name_row/name_id: 1-based row and whom it names;
--      gone: ids that are no more; bad_*: elements for the quarantine, raw as hex.
-- Out: state 'ok', or 'stale' (another worker holds the account) or 'behind' (another page moved the walk): nothing was
--      written; counts; seq to use next.
--
-- Every probe of a big table is LATERAL … LIMIT 1 or OFFSET 0: with joins the planner turned round and scanned all
-- identities on an empty database without statistics (INGEST §3.1).
create or replace function answerd.ingest(p_brand int, p_account int, p_source int, p_epoch bigint, p_walk text, p_seq bigint,
	p_state text, p_is_done bool, p_asked_us bigint,
	p_external_id text[], p_parent_id text[], p_thread_id text[], p_peer_id text[], p_kind text[], p_direction text[],
	p_visibility text[], p_flags int[], p_author_id text[], p_author_handle text[], p_author_name text[], p_body text[],
	p_warning text[], p_language text[], p_permalink text[], p_posted_us bigint[], p_edited_us bigint[], p_revision text[],
	p_nature text[], p_hash bigint[], p_raw text[], p_name_row int[], p_name_id text[], p_gone text[],
	p_bad_id text[], p_bad_reason text[], p_bad_hex text[],
	out o_state text, out o_new int, out o_changed int, out o_gone int, out o_bad int, out o_touched int, out o_seq bigint)
language plpgsql set search_path = pg_catalog, answerd set jit = off as $$
declare
	v_realm text; v_time_authors bool; v_declared timestamptz; v_now timestamptz := answerd.now();
	v_seq bigint; v_imported timestamptz; v_heard timestamptz; v_is_imported bool; v_every_us bigint; v_leased timestamptz; v_has_joins bool;
	v_fresh bigint[]; v_known bigint[]; v_changed bigint[]; v_renamed bigint[]; v_stubs text[]; v_left_root text[]; v_left_customer bigint[];
	v_stub_at jsonb;
	v_root text[]; v_customer bigint[]; v_make bool[]; v_start text[]; v_ids text[]; v_replied text[];
	v_more_root text[]; v_more_customer bigint[]; v_more_make bool[];
begin
	o_state := 'ok'; o_new := 0; o_changed := 0; o_gone := 0; o_bad := 0; o_touched := 0;
	select realm, is_time_authors, declared_at, every_us, leased_at, has_joins into v_realm, v_time_authors, v_declared, v_every_us, v_leased, v_has_joins
	from answerd.account
	where account_id = p_account and brand_id = p_brand and epoch = p_epoch for no key update;
	if not found then
		o_state := 'stale';
		return;
	end if;
	select poll_seq, imported_at, heard_until into v_seq, v_imported, v_heard from answerd.source
	where source_id = p_source and account_id = p_account and brand_id = p_brand;
	o_seq := v_seq;
	if p_walk = 'poll' and v_seq is distinct from p_seq then
		o_state := 'behind';
		return;
	end if;
	-- Imported is what the source's first walk brings, never judged by its date; what a thread brings from before.
	v_is_imported := p_walk = 'poll' and v_imported is null;

	-- What is new, what is another version of what we know? Keys only.
	-- A message of ours that stands here since its reply was sent (hash 0, rules/48) makes place for what the platform shows.
	select array_agg(u.n) filter (where k.external_id is null or k.is_stub),
		array_agg(u.n) filter (where not k.is_stub),
		array_agg(u.n) filter (where not k.is_stub and (k.hash <> u.hash or k.is_deleted)),
		array_agg(u.id) filter (where k.is_stub)
	into v_fresh, v_known, v_changed, v_stubs
	from unnest(p_external_id, p_hash) with ordinality u(id, hash, n)
	left join lateral (select k.external_id, k.hash, k.deleted_at is not null as is_deleted,
		k.hash = 0 and k.direction = 'outbound' as is_stub from answerd.message k
		where k.brand_id = p_brand and k.account_id = p_account and k.external_id = u.id limit 1) k on true;

	if v_stubs is not null then
		-- What a reply of ours answers we know better than the platform, which may move an answer to an answer up (Facebook, Instagram
		-- have two levels) or show a private one in another place.
		select array_agg(case when s.is_stub then s.parent_id else u.parent end order by u.n),
			array_agg(case when s.is_stub then s.thread_id else u.thread end order by u.n),
			array_agg(case when s.is_stub and s.thread_id is null then null else u.peer end order by u.n)
		into p_parent_id, p_thread_id, p_peer_id
		from unnest(p_external_id, p_parent_id, p_thread_id, p_peer_id) with ordinality u(id, parent, thread, peer, n)
		left join lateral (select m.parent_id, m.thread_id, true as is_stub from answerd.message m where u.id = any (v_stubs)
			and m.external_id = u.id and m.account_id = p_account and m.brand_id = p_brand limit 1) s on true;
		select jsonb_object_agg(m.external_id, answerd.us(m.at)) into v_stub_at from answerd.message m
		where v_time_authors and m.external_id = any (v_stubs) and m.account_id = p_account and m.brand_id = p_brand;
		select array_agg(f.root_id), array_agg(f.customer_id) into v_left_root, v_left_customer
		from answerd.forget_stubs(p_brand, p_account, v_stubs) f;
	end if;
	if v_fresh is null and v_changed is null and coalesce(cardinality(p_gone), 0) + coalesce(cardinality(p_bad_hex), 0) = 0 then
		-- Only the walk moves on; lost in a crash of the server, it is walked again. No need to wait for the disk.
		perform set_config('synchronous_commit', 'off', /* is_local */ true);
	end if;

	if v_fresh is not null then
		with said as (
			insert into answerd.identity as i (brand_id, realm, external_id, handle, name, first_seen_at)
			select p_brand, v_realm, a.id, max(a.handle), max(a.name), v_now
			from (select u.id, u.handle, u.name from unnest(p_author_id, p_author_handle, p_author_name) u(id, handle, name)
				union all select u.id, null, null from unnest(p_name_id) u(id)
				union all select u.id, null, null from unnest(p_peer_id) u(id) where u.id is not null) a
			left join lateral (select true as there, i.handle, i.name from answerd.identity i where i.brand_id = p_brand
				and i.realm = v_realm and i.external_id = a.id limit 1) i on true
			where i.there is null or (a.handle is not null and (a.handle, a.name) is distinct from (i.handle, i.name))
			group by a.id order by a.id
			on conflict (external_id, realm, brand_id) do update set
				handle = coalesce(excluded.handle, i.handle), name = coalesce(excluded.name, i.name)
			returning identity_id, xmax <> 0 as was_there
		)
		select array_agg(identity_id) filter (where was_there) into v_renamed from said;
		if v_renamed is not null then
			-- Who waits is shown by the name that they have now.
			update answerd.conversation c set customer_name = i.name, customer_handle = i.handle from answerd.identity i
			where c.brand_id = p_brand and c.customer_id = any (v_renamed) and c.merged_into is null and c.waiting_since is not null
				and i.identity_id = c.customer_id and i.brand_id = p_brand
				and (c.customer_name, c.customer_handle) is distinct from (i.name, i.handle);
		end if;

		-- What this page brings, and which of it our own messages in it answer: as arrays, cheaper to look into than rows.
		select array_agg(u.id), array_agg(nullif(u.parent, u.id)) filter (where u.direction = 'outbound' and u.kind <> 'other')
		into v_ids, v_replied
		from unnest(p_external_id, p_parent_id, p_direction, p_kind) with ordinality u(id, parent, direction, kind, n)
		where u.n = any (v_fresh);
		with recursive page as materialized (
			select u.n, u.id, nullif(u.parent, u.id) as parent, u.thread, u.kind::answerd.message_kind as kind,
				u.direction::answerd.message_direction as direction, (u.flags & 1) <> 0 as is_named, (u.flags & 2) <> 0 as is_about,
				i.identity_id as author, w.identity_id as peer,
				case when u.posted_us <> 0 then answerd.from_us(u.posted_us) end as posted_at,
				case
					when not answerd.believable(case when u.posted_us <> 0 then answerd.from_us(u.posted_us) end, v_now) then v_now
					-- The author's own clock, before what we had provably heard: it was not there then, so the wait starts now.
					-- A reply of ours that left us late bears the time of its writing; when it was posted we know better than whoever hears it.
					when v_time_authors and not v_is_imported and answerd.from_us(u.posted_us) < v_heard - interval '5 min'
						then coalesce(answerd.from_us((v_stub_at ->> u.id)::bigint), v_now)
					else answerd.from_us(u.posted_us) end as at
			from unnest(p_external_id, p_parent_id, p_thread_id, p_peer_id, p_kind, p_direction, p_flags, p_author_id, p_posted_us)
				with ordinality u(id, parent, thread, peer, kind, direction, flags, author, posted_us, n)
			cross join lateral (select i.identity_id from answerd.identity i where i.brand_id = p_brand and i.realm = v_realm
				and i.external_id = u.author limit 1) i
			left join lateral (select i.identity_id from answerd.identity i where u.peer is not null and i.brand_id = p_brand
				and i.realm = v_realm and i.external_id = u.peer limit 1) w on true
			where u.n = any (v_fresh)
		), fresh as materialized (
			select p.*, coalesce(p.id = any (v_replied), false) as is_replied, coalesce(p.parent = any (v_ids), false) as is_inpage
			from page p
		), walk as (
			select s.n, s.id, s.kind, s.direction, s.author, s.parent,
				answerd.derive_root(s.direction, s.id, s.parent, s.thread, p.external_id is not null, p.root_id) as root,
				answerd.derive_customer(s.direction, s.author, s.peer, p.customer_id) as customer,
				answerd.derive_ord(s.direction, s.at, p.ord_at) as ord_at,
				answerd.derive_to_us(s.kind, s.direction, s.is_named, s.author, s.is_replied, p.kind, p.direction, p.author_id,
					p.is_to_us) as to_us,
				s.parent is not null and p.external_id is null and s.thread is null and s.kind <> 'other' as is_orphan,
				s.direction = 'outbound' and s.kind <> 'other' and p.direction = 'inbound' and not p.is_to_us as flips
			from fresh s
			left join lateral (select m.external_id, m.root_id, m.customer_id, m.ord_at, m.kind, m.direction, m.author_id, m.is_to_us
				from answerd.message m where m.brand_id = p_brand and m.account_id = p_account and m.external_id = s.parent
				limit 1) p on true
			where not s.is_inpage
			union all
			select c.n, c.id, c.kind, c.direction, c.author, c.parent,
				answerd.derive_root(c.direction, c.id, c.parent, c.thread, true, w.root),
				answerd.derive_customer(c.direction, c.author, c.peer, w.customer),
				answerd.derive_ord(c.direction, c.at, w.ord_at),
				answerd.derive_to_us(c.kind, c.direction, c.is_named, c.author, c.is_replied, w.kind, w.direction, w.author, w.to_us),
				false, false
			from walk w join fresh c on c.parent = w.id
		), ins as (
			-- Rows that the walk never reaches (parents in a circle) are inserted as threads of their own.
			insert into answerd.message (brand_id, account_id, author_id, customer_id, posted_at, at, ord_at, first_seen_at, edited_at,
				hash, kind, direction, nature, visibility, is_named, is_about, is_automatic, is_imported, is_to_us, external_id,
				parent_id, thread_id, root_id, revision, body, warning, language, permalink)
			select p_brand, p_account, p.author,
				case when w.n is null then case when p.direction = 'inbound' then p.author end else w.customer end,
				p.posted_at, p.at, coalesce(w.ord_at, p.at), v_now,
				case when p_edited_us[p.n] <> 0 then answerd.from_us(p_edited_us[p.n]) end,
				p_hash[p.n], p.kind, p.direction, p_nature[p.n]::answerd.message_nature,
				p_visibility[p.n]::answerd.message_visibility, p.is_named, p.is_about, (p_flags[p.n] & 4) <> 0,
				v_is_imported or (p_walk <> 'poll' and p.at < v_declared),
				coalesce(w.to_us, p.direction = 'inbound' and p.kind <> 'other' and p.is_named), p.id, p.parent, p.thread,
				case when w.n is null then p.id else w.root end, p_revision[p.n], p_body[p.n], p_warning[p.n], p_language[p.n],
				p_permalink[p.n]
			from page p left join walk w on w.n = p.n
			returning external_id, root_id, customer_id, is_to_us or is_about as make
		), raw as (
			insert into answerd.message_raw (brand_id, account_id, stored_at, external_id, raw)
			select p_brand, p_account, v_now, p.id, p_raw[p.n] from ins join page p on p.id = ins.external_id
			where p_raw[p.n] is not null
		), seen as (
			insert into answerd.message_source (brand_id, account_id, source_id, external_id)
			select p_brand, p_account, p_source, external_id from ins
		), wanted as (
			insert into answerd.wanted_thread (brand_id, account_id, external_id, next_at)
			select p_brand, p_account, id, v_now from walk where is_orphan
			on conflict do nothing
		), link as (
			insert into answerd.answer_link (brand_id, account_id, customer_id, external_id)
			select distinct p_brand, p_account, i.identity_id, p.id
			from unnest(p_name_row, p_name_id) u(n, id)
			join page p on p.n = u.n and p.direction = 'outbound' and p.kind <> 'other'
			cross join lateral (select i.identity_id from answerd.identity i where i.brand_id = p_brand and i.realm = v_realm
				and i.external_id = u.id limit 1) i
			left join walk w on w.n = p.n
			where w.customer is distinct from i.identity_id
			on conflict do nothing
			returning customer_id, external_id
		), touched as (
			select root_id as root, customer_id as customer, bool_or(make) as make from ins
			where customer_id is not null and root_id is not null group by 1, 2
			union all
			select ins.root_id, link.customer_id, false from link join ins using (external_id) where ins.root_id is not null
		), woken as (
			-- Children were there before their parent; or a reply of ours makes its parent a message to us.
			select i.external_id as id from ins i
			cross join lateral (select from answerd.message m where m.brand_id = p_brand and m.account_id = p_account
				and m.parent_id = i.external_id limit 1) m
			union all
			select parent from walk where flips
		)
		select (select array_agg(root) from touched), (select array_agg(customer) from touched),
			(select array_agg(make) from touched), (select array_agg(distinct id) from woken), (select count(*) from ins)
		into v_root, v_customer, v_make, v_start, o_new;
		if v_has_joins then
			select r.o_make, v_start || r.o_start into v_make, v_start from answerd.joined(p_brand, p_account, v_ids, v_root, v_make) r;
		end if;
	end if;

	-- Known ones that another source saw first.
	if v_known is not null and p_walk in ('poll', 'sweep', 'refill') then
		insert into answerd.message_source (brand_id, account_id, source_id, external_id)
		select p_brand, p_account, p_source, u.id
		from unnest(p_external_id) with ordinality u(id, n)
		left join lateral (select true as there from answerd.message_source s where s.brand_id = p_brand and s.account_id = p_account
			and s.source_id = p_source and s.external_id = u.id limit 1) s on true
		where u.n = any (v_known) and s.there is null
		on conflict do nothing;
	end if;

	if v_changed is not null then
		select r.o_start, r.o_root, r.o_customer, r.o_make, r.o_changed
		into v_more_root, v_root, v_customer, v_make, o_changed
		from answerd.revise(p_brand, p_account, v_realm, v_now, v_root, v_customer, v_make,
			(select array_agg(p_external_id[n]) from unnest(v_changed) n), (select array_agg((p_flags[n] & 1) <> 0) from unnest(v_changed) n),
			(select array_agg(p_body[n]) from unnest(v_changed) n), (select array_agg(p_warning[n]) from unnest(v_changed) n),
			(select array_agg(p_edited_us[n]) from unnest(v_changed) n), (select array_agg(p_revision[n]) from unnest(v_changed) n),
			(select array_agg(p_nature[n]) from unnest(v_changed) n), (select array_agg(p_hash[n]) from unnest(v_changed) n),
			(select array_agg(p_external_id[u.n]) from unnest(p_name_row) u(n)), p_name_id) r;
		v_start := v_start || v_more_root;
	end if;

	if p_gone is not null and cardinality(p_gone) > 0 then
		select r.o_root, r.o_customer, r.o_make, r.o_gone into v_root, v_customer, v_make, o_gone
		from answerd.tombstone(p_brand, p_account, v_now, v_root, v_customer, v_make, p_gone) r;
	end if;

	if v_start is not null and cardinality(v_start) > 0 then
		select r.o_root, r.o_customer, r.o_make into v_more_root, v_more_customer, v_more_make
		from answerd.rethread(p_brand, p_account, v_start) r;
		v_root := v_root || v_more_root;
		v_customer := v_customer || v_more_customer;
		v_make := v_make || v_more_make;
	end if;
	if v_left_root is not null then
		-- Where a stub stood, should the platform show it elsewhere.
		v_root := v_root || v_left_root;
		v_customer := v_customer || v_left_customer;
		v_make := v_make || array_fill(false, array[cardinality(v_left_root)]);
	end if;
	perform answerd.fed_messages('message.received', p_brand, p_account, v_ids);
	if v_root is not null then
		o_touched := answerd.recompute(p_brand, p_account, v_root, v_customer, v_make);
	end if;

	if p_bad_hex is not null and cardinality(p_bad_hex) > 0 then
		insert into answerd.quarantine as q (brand_id, account_id, source_id, external_id, reason, raw, raw_md5, first_seen_at, last_seen_at)
		select distinct on (md5(u.hex)) p_brand, p_account, p_source, u.id, u.reason, decode(u.hex, 'hex'), md5(u.hex), v_now, v_now
		from unnest(p_bad_id, p_bad_reason, p_bad_hex) u(id, reason, hex)
		on conflict (raw_md5, account_id, brand_id) do update set times_seen = q.times_seen + 1, last_seen_at = v_now;
		get diagnostics o_bad = row_count;
	end if;

	if p_walk = 'poll' then
		o_seq := v_seq + 1;
		update answerd.source set poll_state = coalesce(p_state, poll_state), poll_seq = o_seq, heard_at = v_now, failures = 0,
			failure = null, failure_kind = null, failing_since = null,
			imported_at = case when p_is_done then coalesce(imported_at, v_now) else imported_at end,
			heard_until = case when p_is_done then greatest(heard_until, least(answerd.from_us(p_asked_us), v_now)) else heard_until end,
			heard_from = case when p_is_done and p_asked_us > 0 then coalesce(heard_from, least(answerd.from_us(p_asked_us), v_now)) else heard_from end,
			interval_us = case when p_is_done and failures = 0 and polled_at >= v_leased then answerd.rhythm_of(interval_us, v_every_us, polled_at, v_now)
				else interval_us end,
			polled_at = case when p_is_done then v_now else polled_at end,
			news_at = case when o_new > 0 then v_now else news_at end,
			stuck_since = case when p_is_done or o_new > 0 or imported_at is null then null else coalesce(stuck_since, v_now) end
		where source_id = p_source and account_id = p_account and brand_id = p_brand;
	elsif p_walk = 'sweep' then
		-- That old pages can be read says nothing about new ones: only a poll ends a failure.
		update answerd.source set sweep_state = coalesce(p_state, '')
		where source_id = p_source and account_id = p_account and brand_id = p_brand;
	elsif p_walk <> 'refill' and (p_bad_hex is null or cardinality(p_bad_hex) = 0) then
		update answerd.source set heard_at = v_now, failures = 0, failure = null, failure_kind = null, failing_since = null
		where source_id = p_source and account_id = p_account and brand_id = p_brand;
	end if;
end $$;

-- rhythm_of(mean, every, before, now) → how long walks for news lie apart, as a running mean that one outlier does not move far.
create or replace function answerd.rhythm_of(p_mean bigint, p_every bigint, p_before timestamptz, p_now timestamptz) returns bigint
language sql stable as $$
	select case when p_before is null then p_mean
		else (coalesce(p_mean, p_every) * 3 + least(greatest(answerd.us(p_now) - answerd.us(p_before), 0), 3 * p_every + 10000000)) / 4 end
$$;

-- revise(…): other versions of known messages. Takes only what is newer by the platform's own edit time or revision; an older
-- copy that comes late changes nothing. Keeps the old words in message_revision. A message that was thought to be
-- gone and is served again stands up. Returns the touched arrays with more in them, and ids to rethread.
create or replace function answerd.revise(p_brand int, p_account int, p_realm text, p_now timestamptz,
	p_root text[], p_customer bigint[], p_make bool[], p_id text[], p_named bool[], p_body text[], p_warning text[],
	p_edited_us bigint[], p_revision text[], p_nature text[], p_hash bigint[], p_name_of text[], p_name_id text[],
	out o_start text[], out o_root text[], out o_customer bigint[], out o_make bool[], out o_changed int)
language plpgsql set search_path = pg_catalog, answerd as $$
declare
	v record;
	v_old answerd.message;
	v_edited timestamptz;
	v_is_newer bool;
begin
	o_root := p_root; o_customer := p_customer; o_make := p_make; o_changed := 0;
	for v in
		select * from unnest(p_id, p_named, p_body, p_warning, p_edited_us, p_revision, p_nature, p_hash)
			u(id, named, body, warning, edited_us, revision, nature, hash) order by id
	loop
		select * into v_old from answerd.message m where m.external_id = v.id and m.account_id = p_account and m.brand_id = p_brand;
		v_edited := case when v.edited_us <> 0 then answerd.from_us(v.edited_us) end;
		v_is_newer := case
			when v_edited is distinct from v_old.edited_at then coalesce(v_edited > coalesce(v_old.edited_at, '-infinity'), false)
			when v.revision is distinct from v_old.revision then v.revision is not null
			else v_edited is null and v.revision is null
				and (v.body, v.warning) is distinct from (v_old.body, v_old.warning) end;
		continue when not v_is_newer and not (v.named and not v_old.is_named) and v_old.deleted_at is null;
		if v_is_newer and v_old.deleted_at is null and (v.body, v.warning) is distinct from (v_old.body, v_old.warning) then
			insert into answerd.message_revision (brand_id, account_id, replaced_at, edited_at, hash, external_id, body, warning)
			values (p_brand, p_account, p_now, v_old.edited_at, v_old.hash, v.id, v_old.body, v_old.warning) on conflict do nothing;
		end if;
		update answerd.message m set deleted_at = null,
			body = case when v_is_newer or m.deleted_at is not null then v.body else m.body end,
			warning = case when v_is_newer or m.deleted_at is not null then v.warning else m.warning end,
			edited_at = case when v_is_newer then v_edited else m.edited_at end,
			revision = case when v_is_newer then v.revision else m.revision end,
			hash = case when v_is_newer or m.deleted_at is not null then v.hash else m.hash end,
			nature = case when m.nature_by is not null or not v_is_newer then m.nature else v.nature::answerd.message_nature end,
			is_named = case when v_is_newer then v.named else m.is_named or v.named end
		where m.external_id = v.id and m.account_id = p_account and m.brand_id = p_brand;
		if v_is_newer and v_old.direction = 'outbound' then
			o_customer := o_customer || coalesce((select array_agg(k.customer_id order by k.customer_id) from answerd.answer_link k
				where k.external_id = v.id and k.account_id = p_account and k.brand_id = p_brand), '{}');
			o_root := o_root || coalesce((select array_agg(v_old.root_id) from answerd.answer_link k
				where k.external_id = v.id and k.account_id = p_account and k.brand_id = p_brand), '{}');
			o_make := o_make || coalesce((select array_agg(false) from answerd.answer_link k
				where k.external_id = v.id and k.account_id = p_account and k.brand_id = p_brand), '{}');
			insert into answerd.identity (brand_id, realm, external_id, first_seen_at)
			select distinct p_brand, p_realm, u.id, p_now from unnest(p_name_of, p_name_id) u(message, id) where u.message = v.id
			order by 3 on conflict do nothing;
			delete from answerd.answer_link k where k.external_id = v.id and k.account_id = p_account and k.brand_id = p_brand;
			insert into answerd.answer_link (brand_id, account_id, customer_id, external_id)
			select distinct p_brand, p_account, i.identity_id, v.id
			from unnest(p_name_of, p_name_id) u(message, id)
			join answerd.identity i on i.brand_id = p_brand and i.realm = p_realm and i.external_id = u.id
			where u.message = v.id and i.identity_id is distinct from v_old.customer_id on conflict do nothing;
		end if;
		if v_is_newer and (v.body, v.warning) is distinct from (v_old.body, v_old.warning) then
			perform answerd.fed_messages('message.edited', p_brand, p_account, array[v.id]);
		end if;
		o_start := o_start || v.id;
		o_changed := o_changed + 1;
	end loop;
end $$;

-- tombstone(…): the platform says that these messages are no more. The words go (RELIABILITY S23), the timing facts stay.
-- A customer's own deletion ends the wait as deleted; a deleted answer of ours puts the conversation back.
create or replace function answerd.tombstone(p_brand int, p_account int, p_now timestamptz, p_root text[], p_customer bigint[],
	p_make bool[], p_gone text[], out o_root text[], out o_customer bigint[], out o_make bool[], out o_gone int)
language plpgsql set search_path = pg_catalog, answerd as $$
begin
	with hit as (
		update answerd.message m set deleted_at = p_now, body = '', warning = null
		where m.external_id = any (p_gone) and m.account_id = p_account and m.brand_id = p_brand and m.deleted_at is null
		returning m.external_id, m.root_id, m.customer_id
	), raw as (
		delete from answerd.message_raw r where r.external_id in (select external_id from hit) and r.account_id = p_account
			and r.brand_id = p_brand
	), old as (
		delete from answerd.message_revision r where r.external_id in (select external_id from hit) and r.account_id = p_account
			and r.brand_id = p_brand
	), touched as (
		select root_id, customer_id from hit
		union
		select h.root_id, k.customer_id from hit h join answerd.answer_link k on k.external_id = h.external_id
			and k.account_id = p_account and k.brand_id = p_brand
	)
	select p_root || array_agg(t.root_id), p_customer || array_agg(t.customer_id), p_make || array_agg(false),
		(select count(*) from hit)
	into o_root, o_customer, o_make, o_gone from touched t where t.root_id is not null and t.customer_id is not null;
	-- Nor is it found any more; what is left of the conversation is read again behind us.
	if o_gone > 0 then
		delete from answerd.conversation_words w using answerd.conversation c, unnest(o_root, o_customer) u(root_id, customer_id)
		where c.root_id = u.root_id and c.customer_id = u.customer_id and c.account_id = p_account and c.brand_id = p_brand
			and w.conversation_id = c.conversation_id and w.brand_id = c.brand_id;
	end if;
	delete from answerd.wanted_thread w where w.external_id = any (p_gone) and w.account_id = p_account and w.brand_id = p_brand;
	perform answerd.fed_messages('message.deleted', p_brand, p_account, (select array_agg(m.external_id) from answerd.message m
		where o_gone > 0 and m.external_id = any (p_gone) and m.account_id = p_account and m.brand_id = p_brand and m.deleted_at = p_now));
end $$;
