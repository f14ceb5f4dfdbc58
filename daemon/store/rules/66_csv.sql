-- CSV (RFC 4180, RELIABILITY S19), in one place: the lists of reports as tables for spreadsheets.

-- csv_field(value, is_text): quoted where it must be. A spreadsheet takes what begins with one of these for a formula, and so
-- it stands behind an apostrophe; so do their full-width forms. (A NUL cannot be in a text of PostgreSQL.) Numbers of our own
-- are left alone.
create or replace function answerd.csv_field(p_value text, p_is_text bool default true) returns text language sql immutable parallel safe as $$
	select case when v ~ E'[",\r\n]' or v ~ '^[[:space:]]' or v ~ '[[:space:]]$' then '"' || replace(v, '"', '""') || '"' else v end
	from (select case when p_is_text and p_value ~ E'^[=+\\-@\t\r\uFF1D\uFF0B\uFF0D\uFF20]' then '''' || p_value else coalesce(p_value, '') end as v) x
$$;

-- csv_of(items, columns): a JSON list as CSV. A column is the path of a member, and its own heading: 'first.p50_s'.
create or replace function answerd.csv_of(p_items json, p_columns text[]) returns text language sql stable set search_path = pg_catalog as $$
	select (select string_agg(answerd.csv_field(replace(c, '.', '_')), ',' order by n) from unnest(p_columns) with ordinality u(c, n)) || E'\r\n'
		|| coalesce((select string_agg(l.line, '' order by l.n) from (
			select i.n, string_agg(answerd.csv_field(i.item #>> string_to_array(c.c, '.'),
				json_typeof(i.item #> string_to_array(c.c, '.')) is distinct from 'number'), ',' order by c.n) || E'\r\n' as line
			from json_array_elements(p_items) with ordinality i(item, n) cross join unnest(p_columns) with ordinality c(c, n)
			group by i.n) l), '')
$$;

-- csv_name(what, from, to): what the file is called.
create or replace function answerd.csv_name(p_what text, p_from timestamptz, p_to timestamptz) returns text language sql stable
set search_path = pg_catalog as $$
	select format('answerd-%s-%s-%s.csv', p_what, to_char(p_from at time zone 'UTC', 'YYYYMMDD'), to_char(p_to at time zone 'UTC', 'YYYYMMDD'))
$$;
