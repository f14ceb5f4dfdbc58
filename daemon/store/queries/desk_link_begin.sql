-- $1 text hash of a link. No row or: staff_id int8, login text, bool has a second factor.
select l.staff_id::int8, s.login, exists (select from answerd.staff_secret k where k.staff_id = l.staff_id and k.totp is not null)
from answerd.staff_link l join answerd.staff s using (staff_id)
where l.hash = $1::text and l.until > answerd.now() and s.disabled_at is null
