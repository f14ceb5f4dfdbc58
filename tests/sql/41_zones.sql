-- Protects I5 and I6 where the database's tzdata is older than the worker's: a zone that it does not know costs its brand the right
-- hours, says so with a remedy, and nothing else is lost.
begin;
\ir house.psql
select plan(19);
select pg_temp.clock('10:00');
select answerd.declare_alerts('{"channels": [{"name": "owner", "type": "webhook", "group_us": 1000000}], "health": {"notify": ["owner"], "escalate": ["owner"]}}') is not null;
create function pg_temp.conf(p_zone text, p_hours text default 'Mon-Fri 09:00-17:00') returns text language sql as $$
	select string_agg(concat_ws(' ', d.brand, coalesce(d.account, '-'), d.source), ', ' order by d.brand, d.account, d.source)
	from answerd.declare(jsonb_build_object('brands', (select jsonb_agg(jsonb_build_object('name', b.name, 'timezone', b.zone, 'hours', jsonb_build_array(p_hours),
		'holidays', '[]'::jsonb, 'accounts', jsonb_build_array(jsonb_build_object('name', b.name || '_social', 'platform', 'mastodon', 'server', 'https://social.example',
		'realm', 'https://social.example', 'is_time_authors', false, 'every_us', 60000000, 'sources', '["mentions"]'::jsonb))))
		from (values ('acme', 'Europe/London'), ('newtown', p_zone)) b(name, zone)), 'policies', '[]'::jsonb, 'health', '{"notify": ["owner"]}'::jsonb)) d
	where d.source not in ('threads', 'rechecks')
$$;
create function pg_temp.brand(p_name text) returns text language sql as $$
	select concat_ws(' ', b.timezone, coalesce(b.refused_zone, '-'), (select min(to_char(f.opens at time zone 'UTC', 'HH24:MI')) from answerd.office_frame f
		where f.brand_id = b.brand_id and f.opens between pg_temp.at('00:00') and pg_temp.at('23:59'))) from answerd.brand b where b.name = p_name
$$;
create function pg_temp.sweep() returns text language plpgsql as $$
begin
	perform answerd.deaf_sweep(true);
	update answerd.delivery set state = 'told', told_at = now() where state = 'pending';
	return (select string_agg(event || ' ' || text, E'\n' order by alert_id) from answerd.alert where over_at is null);
end $$;
select ok(answerd.is_zone('Europe/Berlin') and answerd.is_zone('UTC') and not answerd.is_zone('Europe/New_Town') and not answerd.is_zone(''), 'what is a zone');
select is(pg_temp.conf('Europe/New_Town'), 'acme acme_social mentions, newtown newtown_social mentions, newtown - Europe/New_Town', 'all of it is taken; one row says what was refused');
select is(pg_temp.brand('acme'), 'Europe/London - 09:00', 'the others have their hours');
select is(pg_temp.brand('newtown'), 'UTC Europe/New_Town 09:00', 'a new brand has those of UTC');
select is(pg_temp.sweep(), 'deaf newtown: the database does not know the time zone ''Europe/New_Town'' that the configuration names. Until it does, the brand''s office hours '
	'and deadlines are counted in UTC, and may be hours wrong. Bring tzdata up to date on the database''s machine (apt-get install tzdata); it is looked at every hour, and at a reload.');
select pg_temp.sweep() is not null;
select pg_temp.conf('Europe/New_Town') is not null;
select pg_temp.sweep() is not null;
select is((select count(*)::int from answerd.alert where event = 'deaf'), 1, 'told once, however often it is declared');
select is(pg_temp.conf('Asia/Tokyo'), 'acme acme_social mentions, newtown newtown_social mentions', 'a zone that is known');
select is(pg_temp.brand('newtown'), 'Asia/Tokyo - 00:00');
select is(pg_temp.sweep(), null);
select is((select event || ' ' || text from answerd.alert order by alert_id desc limit 1), 'hearing newtown: the database knows its time zone.');
-- Said again: the calendars stay as they are, and a zone is asked for its rules once, however many brands are in it.
select pg_temp.conf('Europe/London') is not null;
set local track_functions = 'all';
select pg_temp.conf('Europe/London') is not null;
select is((select calls from pg_stat_xact_user_functions where schemaname = 'answerd' and funcname = 'zone_spans'), 1::bigint, 'two brands in one zone');
select is((select count(*) from pg_stat_xact_user_functions where schemaname = 'answerd' and funcname in ('calendar_made', 'renew', 'locked')), 0::bigint, 'nothing is made anew');
reset track_functions;
select pg_temp.conf('Asia/Tokyo') is not null;
-- It had one before; and a database that came to a machine that lacks it.
select pg_temp.conf('Europe/New_Town') is not null;
select is(pg_temp.brand('newtown'), 'Asia/Tokyo Europe/New_Town 00:00', 'it keeps the one that it had');
select matches(pg_temp.sweep(), 'are counted in Asia/Tokyo, and may');
update answerd.brand set timezone = 'Europe/New_Town' where name = 'newtown';
select pg_temp.conf('Europe/New_Town') is not null;
select is(pg_temp.brand('newtown'), 'UTC Europe/New_Town 09:00', 'one that got lost is not kept');
select pg_temp.conf('Asia/Tokyo') is not null;
select is(pg_temp.sweep(), null);
-- Quiet hours of a channel
select answerd.declare_alerts('{"channels": [{"name": "owner", "type": "webhook", "group_us": 1000000, "timezone": "Europe/New_Town", "quiet": ["Mon-Sun 22:00-08:00"]}],
	"health": {"notify": ["owner"], "escalate": ["owner"]}}') is not null;
select is((select to_char(answerd.quiet_until(c, pg_temp.at('23:00')) at time zone 'UTC', 'DD/HH24:MI') from answerd.channel c), '21/08:00', 'they are taken as UTC');
select matches(pg_temp.sweep(), '^deaf Channel owner: the database does not know the time zone ''Europe/New_Town'' of its quiet hours');
update answerd.channel set refused_zone = 'Asia/Tokyo';
select is(pg_temp.sweep(), null, 'known after all: nobody has to reload');
select * from finish();
rollback;
