-- $1 int8 actor. No row or: the secret that is being set up, in hex, now int8.
select totp_next, answerd.us(answerd.now()) from answerd.staff_secret
where staff_id = $1::int8 and totp is null and totp_next_at > answerd.now() - interval '1 hour'
