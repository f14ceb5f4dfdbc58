-- $1 text hash of the state, $2 text hash of the browser's cookie or null, $3 text code or null, $4 text iss or null, $5 text error or null,
-- $6 text address. One row: wait_s int8, try int8, flow int8 or null, provider text or null, failure text or null.
select o_wait_s, o_try, o_flow, o_provider, o_failure from answerd.oidc_back($1::text, $2::text, $3::text, $4::text, $5::text, $6::text)
