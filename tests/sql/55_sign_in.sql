-- Protects RELIABILITY S8, S10, S12, S13 where they are judged: what opens a door is used up in the statement that opens it.
begin;
\ir house.psql
select plan(45);
select pg_temp.clock('10:00');
create function pg_temp.later(p_by interval) returns void language sql as $$ update answerd.test_clock set shift = shift + p_by $$;
create function pg_temp.wait_s(p_login text, p_address text) returns bigint language sql as $$ select o_wait_s from answerd.sign_in_begin(p_login, p_address) $$;
create function pg_temp.tries(p_login text, p_address text, p_n int) returns bigint[] language sql as $$
	select array_agg(pg_temp.wait_s(p_login, p_address)) from generate_series(1, p_n) $$;
create function pg_temp.sessions(p_login text) returns bigint language sql as $$
	select count(*) from answerd.staff_session join answerd.staff using (staff_id) where login = p_login $$;
insert into answerd.staff_secret (staff_id, password) values (pg_temp.staff('ann'), 'hash of ann'), (pg_temp.staff('bob'), 'hash of bob');

-- the throttle
select is(pg_temp.tries('ann', 'a1', 7), array[0, 0, 0, 0, 0, 900, 900]::bigint[], 'the sixth of one login waits, and so does the next');
select is(pg_temp.wait_s('ann', 'a2'), 900::bigint, 'from wherever');
select is(pg_temp.wait_s('bob', 'a1'), 0::bigint, 'another login from there does not');
select is((select count(*) from answerd.sign_in_try), 6::bigint, 'who must wait adds nothing to it');
select pg_temp.later('14 min 59 s');
select is(pg_temp.wait_s('ann', 'a3'), 1::bigint, 'the last second');
select pg_temp.later('1 s');
select is(pg_temp.wait_s('ann', 'a3'), 0::bigint, 'a quarter of an hour');
select is((select array_agg(pg_temp.wait_s('x' || n, 'b1') > 0) from generate_series(1, 11) n), array_fill(false, array[10]) || true, 'the eleventh of one address waits');
select is((select o_staff from answerd.sign_in_begin('nobody', 'c1')), null, 'nobody is tried against nothing, in the same way');
select is(answerd.house_mark('address 192.0.2.1') = answerd.house_mark('address 192.0.2.1') and answerd.house_mark('a') <> answerd.house_mark('b')
	and length(answerd.house_mark('a')) = 24, true, 'a mark is the same for the same');

-- the way in
select o_try as try from answerd.sign_in_begin('bob', 'd1') \gset
select is(answerd.sign_in_done(:try, pg_temp.staff('bob'), 'another hash', null, null, 's1', null, 'd1', '')::text, null, 'a password that was changed meanwhile opens nothing');
select is(answerd.sign_in_done(:try, pg_temp.staff('bob'), 'hash of bob', null, null, 's1', null, 'd1', '') ->> 'login', 'bob', 'in');
select is((select count(*) from answerd.sign_in_try where try_id = :try), 0::bigint, 'that was no failure');
select is(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', null, null, 's2', 's1', 'd1', '') ->> 'auth', 'password', 'once more');
select is((select array_agg(hash) from answerd.staff_session), array['s2'], 'under a new key');
select is(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', null, null, 's3', 's1', 'd1', '')::text, null, 'the old one is none');
select is((select made_at < seen_at from answerd.staff_session where hash = 's2'), false, 'made and seen now');
select pg_temp.later('11 h');
select answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', null, null, 's4', 's2', 'd1', '') is not null;
select is((select answerd.now() - made_at from answerd.staff_session where hash = 's4'), interval '11 h', 'proving it once more makes no session longer');
select is(pg_temp.tries('bob', 'e1', 6), array[0, 0, 0, 0, 0, 900]::bigint[], 'a stranger fails as bob');
select is(pg_temp.wait_s('bob', 'd1'), 0::bigint, 'who is not shut out where he was before');

-- a second factor
update answerd.staff_secret set totp = '31', totp_step = 100 where staff_id = pg_temp.staff('bob');
insert into answerd.staff_recovery values (pg_temp.staff('bob'), 'r1'), (pg_temp.staff('bob'), 'r2');
select is(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', null, null, 's5', null, 'd1', '')::text, null, 'without a code no');
select is(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', 100, null, 's5', null, 'd1', '')::text, null, 'nor with one that was used');
select isnt(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', 101, null, 's5', null, 'd1', '')::text, null, 'the next one');
select is(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', 101, null, 's6', null, 'd1', '')::text, null, 'once');
select isnt(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', null, 'r1', 's6', null, 'd1', '')::text, null, 'a recovery code');
select is(answerd.sign_in_done(0, pg_temp.staff('bob'), 'hash of bob', null, 'r1', 's7', null, 'd1', '')::text, null, 'once too');
select throws_ok($$select answerd.totp_begin(pg_temp.staff('bob'), '32')$$, 'AN409', null, 'no second one beside it');
select answerd.totp_begin(pg_temp.staff('ann'), '32') is not null;
select is(answerd.totp_confirm(pg_temp.staff('ann'), 'x', '33', 5, array['r3'])::text, null, 'another was begun meanwhile');
select is(answerd.totp_confirm(pg_temp.staff('ann'), 'x', '32', 5, array['r3', 'r4']) ->> 'totp', 'true', 'in force');

-- links
select throws_ok($$select answerd.link_make(pg_temp.staff('admin'), 'zed', 'l1')$$, 'AN404');
select answerd.link_make(pg_temp.staff('admin'), 'lea', 'l1') is not null;
select answerd.link_make(pg_temp.staff('admin'), 'lea', 'l2') is not null;
select is(answerd.link_done('l1', null, null, 't1', 0, 'f1', '')::text, null, 'a new link ends the one before');
select is(answerd.link_done('l2', null, null, 't1', 0, 'f1', '') ->> 'must_set_password', 'true', 'in, to set a password');
select is(answerd.link_done('l2', null, null, 't2', 0, 'f1', '')::text, null, 'once');
select is(answerd.password_set(pg_temp.staff('lea'), 'hash', 'nobody''s', 't2', 0, 'f1', '')::text, null, 'no password by another session');
select is(answerd.password_set(pg_temp.staff('lea'), 'hash', 't1', 't2', 0, 'f1', '') ->> 'must_set_password', 'false', 'set');
select is((select array_agg(hash) from answerd.staff_session join answerd.staff using (staff_id) where login = 'lea'), array['t2'], 'one session is left, with a new key');

-- roles and leaving
select is(answerd.staff_role(pg_temp.staff('admin'), 'lea', 'admin') ->> 'role', 'admin', 'another role');
select is(pg_temp.sessions('lea'), 0::bigint, 'signs in anew');
select throws_ok($$select answerd.staff_role(pg_temp.staff('lea'), 'admin', 'agent')$$, 'AN409', null, 'the built-in admin stays');
select answerd.token_make(pg_temp.staff('bob'), 'x', 'act', 1, 'k1') is not null;
select throws_ok($$select answerd.token_revoke(pg_temp.staff('ann'), (select token_id::text from answerd.staff_token))$$, 'AN404', null, 'of another it is not there');
select answerd.staff_disable(pg_temp.staff('admin'), 'bob') is not null;
select is((select revoked_at is not null from answerd.staff_token), true, 'who goes leaves no token');
select is(pg_temp.sessions('bob'), 0::bigint, 'and no session');

-- who may read it (the tables of the desk alone), and the chain
select is(has_table_privilege('answerd_desk', 'answerd.audit', 'update, delete'), false);
select is((select bool_or(has_table_privilege(r, t, 'select')) from unnest(array['answerd_worker', 'answerd_reader']) r,
	unnest(array['answerd.staff_secret', 'answerd.staff_session', 'answerd.staff_link', 'answerd.staff_token', 'answerd.desk_house']) t), false, 'nobody else reads');
select is((select string_agg(distinct act, ' ' order by act) from answerd.audit where brand_id = 0), 'password_set sign_in sign_in_again staff_disable staff_link staff_role token_make totp_on', 'all of it is in the log');
select is(pg_temp.verified(), '[]', 'verify is clean');
select * from finish();
rollback;
