-- Protects RELIABILITY S8, S9, S13, S14 where signing in by a service is judged: what is used up, by whom, and who may see it.
begin;
\ir house.psql
select plan(33);
select pg_temp.clock('10:00');
create function pg_temp.later(p_by interval) returns void language sql as $$ update answerd.test_clock set shift = shift + p_by $$;
create function pg_temp.begun(p_state text, p_browser text default 'b1', p_address text default 'a1', p_again bool default false) returns text language sql as $$
	select o_authorize from answerd.oidc_begin('acme', 'https://i.example', p_state, p_browser, 'n', 'v', 'https://d.example/oidc', '/', p_again, p_address) $$;
create function pg_temp.back(p_state text, p_browser text default 'b1') returns text language sql as $$
	select coalesce(o_failure, 'flow') from answerd.oidc_back(p_state, p_browser, 'code', null, null, p_state) $$;
create function pg_temp.judged(p_state text, p_subject text, p_claim text, p_failure text default null) returns void language plpgsql as $$
declare
	v bigint := (select flow_id from answerd.oidc_flow where state = p_state);
begin
	perform answerd.oidc_claimed(array['acme']);
	perform answerd.oidc_judged(v, p_failure, 'detail', p_subject, p_claim, 'A Name', null);
end $$;
create function pg_temp.done(p_state text, p_is_login bool default false, p_unknown text default '', p_late bool default false, p_old text default null) returns text
language sql as $$
	select coalesce(o_failure, o_session ->> 'login', 'not yet') from answerd.oidc_done(coalesce((select flow_id from answerd.oidc_flow where state = p_state), 0), p_is_login,
		p_unknown, 'session of ' || p_state, p_old, p_state, '', p_late) $$;

-- begun, only where the service can be used
select is(pg_temp.begun('s0'), null, 'a service of which nobody knows anything');
select answerd.oidc_provider_said('acme', 'https://i.example', null, 'it is away');
select is(pg_temp.begun('s0'), null, 'one that is away');
select answerd.oidc_provider_said('acme', 'https://other.example', 'https://other.example/a', null);
select is(pg_temp.begun('s0'), null, 'one that was another in the configuration');
select answerd.oidc_provider_said('acme', 'https://i.example', 'https://i.example/a', null);
select is(pg_temp.begun('s1'), 'https://i.example/a', 'one that is there');
select throws_ok($$select pg_temp.begun('s1')$$, '23505', null, 'a state is made once');

-- back: by its browser, once, in time
select is(pg_temp.back('s0'), 'state', 'a state that nobody made');
select is(pg_temp.back('s1', 'b2'), 'browser', 'another browser');
select is(pg_temp.back('s1', null), 'browser', 'none');
select is(pg_temp.back('s1'), 'flow', 'its own');
select is(pg_temp.back('s1'), 'replayed', 'once');
select is(pg_temp.done('s1'), 'not yet', 'nobody has asked the service');
select is((select array_agg(code) from answerd.oidc_claimed(array['other'])), null, 'a worker without that service does not');
select is((select array_agg(code) from answerd.oidc_claimed(array['acme'])), array['code'], 'one that has it does');
select is((select count(*) from answerd.oidc_claimed(array['acme'])), 0::bigint, 'once');
select answerd.oidc_judged((select flow_id from answerd.oidc_flow where state = 's1'), null, null, 'u1', 'ANN@acme.example', null, null);
select is((select code is null and verifier = '' and nonce = '' from answerd.oidc_flow where state = 's1'), true, 'what was used is wiped');

-- who it is
select is(pg_temp.done('s1'), 'unknown', 'nobody has that address');
select answerd.staff_email(pg_temp.staff('admin'), 'ann', ' Ann@Acme.example ') is not null;
select pg_temp.begun('s2'), pg_temp.back('s2'), pg_temp.judged('s2', 'u1', 'ANN@acme.example');
select is(pg_temp.done('s2'), 'ann', 'in whatever letters');
select is(pg_temp.done('s2'), 'replayed', 'once');
select is((select auth || coalesce(fresh_at::text, ' not fresh') from answerd.staff_session), 'oidc not fresh', 'a session, which proves nothing of now');
select pg_temp.begun('s3'), pg_temp.back('s3'), pg_temp.judged('s3', 'u2', 'ann@acme.example');
select is(pg_temp.done('s3'), 'other', 'the address is not enough any more');
select pg_temp.begun('s4'), pg_temp.back('s4'), pg_temp.judged('s4', 'u9', 'admin');
select is(pg_temp.done('s4', true), 'unknown', 'the built-in admin is nobody''s claim');
select pg_temp.begun('s5'), pg_temp.back('s5'), pg_temp.judged('s5', 'u9', 'Ann.', 'nonce');
select is(pg_temp.done('s5', false, 'agent'), 'nonce', 'what the worker refused is refused');
select pg_temp.begun('s6'), pg_temp.back('s6');
select is(pg_temp.done('s6', false, '', true), 'slow', 'nobody asked in time');
select pg_temp.begun('s7');
select pg_temp.later('10 min 1 s');
select is(pg_temp.back('s7'), 'late', 'ten minutes');
select is((select array_agg(detail ->> 'why' order by seq) from answerd.audit where act = 'sign_in_failed'),
	array['state', 'browser', 'browser', 'replayed', 'unknown', 'replayed', 'other', 'unknown', 'nonce', 'slow', 'late'], 'each stands in the audit log');
select is((select count(*) from answerd.audit where detail::text ~* 'acme.example|u1|code'), 0::bigint, 'without a name or a key');

-- who may see it
create function pg_temp.addresses(p_actor text) returns text language sql as $$
	select string_agg(x ->> 'login', ' ' order by x ->> 'login') from json_array_elements(answerd.staff_list(pg_temp.staff(p_actor)) -> 'items') x
	where x ->> 'email' is not null and x::jsonb ? 'email' $$;
select answerd.staff_email(pg_temp.staff('admin'), 'bob', 'bob@acme.example') is not null;
select is(pg_temp.addresses('admin'), 'ann bob', 'an admin sees by which addresses staff sign in');
update answerd.staff set role = 'agent' where login in ('ann', 'bob');
select is(pg_temp.addresses('ann'), 'ann', 'an agent their own');
update answerd.staff set role = case login when 'ann' then 'auditor' else 'lead' end where login in ('ann', 'bob');
select is(pg_temp.addresses('ann'), 'ann', 'an auditor too');
select is(pg_temp.addresses('bob'), 'ann bob', 'a lead all');
set local role answerd_worker;
select throws_ok($$select from answerd.staff_email$$, '42501', null, 'the worker does not know who is whose');
reset role;
set local role answerd_reader;
select throws_ok($$select from answerd.oidc_flow$$, '42501', null, 'analysts see no sign-in');
select throws_ok($$select from answerd.staff_oidc$$, '42501', null, 'nor whose account is whose');
reset role;
select * from finish();
rollback;
