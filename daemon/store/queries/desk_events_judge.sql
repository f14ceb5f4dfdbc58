-- $1 int8[] staff members who listen. Rows: those who may not any more, int8.
select u.id::int8 from (select distinct unnest($1::int8[]) as id) u
where not exists (select from answerd.staff s where s.staff_id = u.id and s.disabled_at is null)
