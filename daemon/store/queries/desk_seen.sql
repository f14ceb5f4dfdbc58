-- $1 text hash of a session's key or of a token. Notes that it is in use, at most once a minute. One row: nothing.
with a as (update answerd.staff_session set seen_at = answerd.now() where hash = $1::text and seen_at < answerd.now() - interval '1 min'
		and seen_at > answerd.now() - answerd.session_idle()),
	b as (update answerd.staff_token set used_at = answerd.now() where hash = $1::text and revoked_at is null
		and (used_at is null or used_at < answerd.now() - interval '1 min'))
select null
