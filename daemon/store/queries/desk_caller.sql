-- $1 bool is it the built-in admin, $2 text user of this machine. No row or: staff_id int8, role text, login text, disabled bool.
select staff_id::int8, role, login, disabled_at is not null from answerd.staff
where case when $1::bool then login = 'admin' else os_user = $2::text end limit 1
