-- Protects sessions (RELIABILITY S1): one at a time renews, what comes late counts as long as nothing newer is there, what was lost is known, and
-- who lets us in wins over everybody.
begin;
\ir house.psql
select plan(34);
create function pg_temp.ids(out b int, out a int, out e bigint) language sql as $$
	select brand_id, account_id, epoch from answerd.account where name = 'acme_social'
$$;
create function pg_temp.claim(p_seq bigint) returns text language sql as $$
	select concat_ws(' ', o_what, o_seq, case when o_is_unsure then 'unsure' end) from pg_temp.ids() i, answerd.session_claim(i.b, i.a, i.e, p_seq)
$$;
create function pg_temp.store(p_seq bigint, p_sealed text, p_token_until timestamptz default null) returns bigint language sql as $$
	select answerd.session_store(i.b, i.a, p_seq, p_sealed, answerd.us('2026-11-20 12:00Z'), answerd.us(p_token_until)) from pg_temp.ids() i
$$;
create function pg_temp.release(p_is_unsure bool) returns void language sql as $$
	select answerd.session_release(i.b, i.a, (select claim from answerd.credential), p_is_unsure) from pg_temp.ids() i
$$;
create function pg_temp.connect(p_sealed text, p_own text, p_is_other bool default false, p_missing text default null) returns text language sql as $$
	select answerd.connect_store(i.b, i.a, p_sealed, null, answerd.us('2026-12-20 12:00Z'), p_own, p_own || '_handle', p_own, null, p_missing, p_is_other)
	from pg_temp.ids() i
$$;
update answerd.account set own_id = 'us' where name = 'acme_social';

-- one at a time
select is(pg_temp.claim(0), 'yours 0', 'the first one is made by whoever comes first');
select is((select sealed from answerd.credential), null, 'there is none yet');
select matches(pg_temp.claim(0), '^wait 0', 'the second waits');
select ok((select o_wait_us between 50000000 and 60000000 from pg_temp.ids() i, answerd.session_claim(i.b, i.a, i.e, 0)), 'for a minute at most');
select is(pg_temp.store(0, 's1'), 1::bigint, 'stored');
select is((select array[sealed, (claimed_at is null)::text] from answerd.credential), '{s1,true}', 'and the claim is over');
select is(pg_temp.claim(0), 'newer 1', 'who waited takes what was stored');
select is((select o_sealed from pg_temp.ids() i, answerd.session_claim(i.b, i.a, i.e, 0)), 's1');
select is(pg_temp.claim(1), 'yours 1', 'who has it renews it');
select matches(pg_temp.claim(1), '^wait', 'alone');
select is((select o_what from pg_temp.ids() i, answerd.session_claim(i.b, i.a, i.e - 1, 1)), 'stale', 'only who listens for the account');

-- what became of it
select pg_temp.release(false);
select is(pg_temp.claim(1), 'yours 1', 'nothing was renewed: the next one may');
select pg_temp.release(true);
select is(pg_temp.claim(1), 'yours 1 unsure', 'perhaps it was: the next one knows');
select is(pg_temp.store(1, 's2'), 2::bigint);
select is(pg_temp.claim(2), 'yours 2', 'a new session ends the doubt');
update answerd.credential set claimed_at = now() - interval '61 s';
select is(pg_temp.claim(2), 'yours 2 unsure', 'who died in between leaves one');
select answerd.session_release(i.b, i.a, (select claim - 1 from answerd.credential), false) from pg_temp.ids() i;
select ok((select claimed_at is not null from answerd.credential), 'an old claim releases nothing');
select is(pg_temp.store(2, 's3'), 3::bigint, 'late, and without the lease: the answer counts all the same');
select is(pg_temp.store(2, 's3b'), null, 'but not over a newer one');
select is((select sealed from answerd.credential), 's3');

-- the end of a refresh token
select pg_temp.store(3, 's4', '2026-11-27 12:00Z');
select is((select token_until from answerd.account where name = 'acme_social'), '2026-11-27 12:00Z'::timestamptz, 'is known');
select answerd.hearing_fact(i.b, i.a, 0, i.e, 'token_until', 0) from pg_temp.ids() i;
select is((select token_until from answerd.account where name = 'acme_social'), '2026-11-27 12:00Z'::timestamptz, 'IDENTIFY that does not know it takes nothing away');
select answerd.hearing_fact(i.b, i.a, 0, i.e, 'token_until', answerd.us('2026-11-25 12:00Z')) from pg_temp.ids() i;
select is((select token_until from answerd.account where name = 'acme_social'), '2026-11-25 12:00Z'::timestamptz, 'one that knows better is believed');

-- a person lets us in
select is(pg_temp.claim(4), 'yours 4');
select is(pg_temp.connect('c1', 'somebody'), 'other', 'another user is refused');
select is((select array[sealed, seq::text] from answerd.credential), '{s4,4}', 'and changes nothing');
select is(pg_temp.connect('c1', 'us', p_missing => 'write:statuses (to post)'), 'ok');
select is((select array[c.sealed, c.seq::text, (c.claimed_at is null)::text, a.missing] from answerd.credential c join answerd.account a using (account_id)
	where a.name = 'acme_social'), '{c1,5,true,"write:statuses (to post)"}', 'stored');
select is(pg_temp.store(4, 's5'), null, 'what was being renewed meanwhile loses');
select pg_temp.clock('12:00');
select is((select count(*)::int from answerd.account_trouble where reason = 'token'), 0, 'a month before its end nobody is told');
update answerd.test_clock set shift = shift + interval '24 days';
select is((select why from answerd.account_trouble where reason = 'token'), 'the token ends on 2026-12-20 12:00: let us in again: answerd connect acme_social',
	'a week before somebody is, with the command');
select is(pg_temp.connect('c2', 'somebody', p_is_other => true), 'ok', 'unless a person says that it is right');
select is((select own_handle from answerd.account where name = 'acme_social'), 'somebody_handle');
select count(*) from answerd.connect_find('acme', 'fresh', 'mastodon', 'https://s.example', 'mastodon https://s.example', false, 60000000);
select is((select array_agg(name order by name) from answerd.account), '{acme_social,fresh}', 'an account that no worker has seen yet is made');
select * from finish();
rollback;
