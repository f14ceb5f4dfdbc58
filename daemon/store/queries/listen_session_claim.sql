-- May we renew an account's session? $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch, $4 int8 seq of the session that we have. Row: what
-- text ('yours', 'newer', 'wait', 'stale'), claim int8, wait_us int8, sealed text, until_us int8, seq int8, is_unsure bool.
select o_what, o_claim, o_wait_us, o_sealed, o_until, o_seq, o_is_unsure
from answerd.session_claim($1::int8::int, $2::int8::int, $3::int8, $4::int8)
