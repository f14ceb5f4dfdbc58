-- Of pages that listen: $1 int8[] which, $2 int8[] staff members, $3 text[] hashes of the session's key or of the token, empty on the Unix socket.
-- Rows: int8, those who may not any more.
select u.ear from unnest($1::int8[], $2::int8[], $3::text[]) u(ear, staff, hash)
where not exists (select from answerd.staff s where s.staff_id = u.staff and s.disabled_at is null)
	or (u.hash <> '' and not exists (select from answerd.staff_session x where x.hash = u.hash and x.staff_id = u.staff and answerd.is_open(x))
		and not exists (select from answerd.staff_token t where t.hash = u.hash and t.staff_id = u.staff and answerd.is_open(t)))
