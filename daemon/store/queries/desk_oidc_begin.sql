-- $1 text provider, $2 text its issuer, $3 text hash of the state, $4 text hash of the browser's cookie, $5 text nonce, $6 text verifier,
-- $7 text redirect, $8 text place, $9 bool again, $10 text address. One row: wait_s int8, authorize text or null, reason text or null.
select o_wait_s, o_authorize, o_reason from answerd.oidc_begin($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::bool, $10::text)
