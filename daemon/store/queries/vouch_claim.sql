-- $1 text[] names of services. Rows: flow int8, provider text, issuer text, nonce text, verifier text, redirect text, code text, said_iss text
-- or null, is_again bool.
select flow_id::int8, provider, issuer, nonce, verifier, redirect, code, said_iss, is_again from answerd.oidc_claimed($1::text[])
