-- $1 text name, $2 text issuer, $3 text where browsers are sent or null, $4 text why it cannot be used or null. No row that matters.
select answerd.oidc_provider_said($1::text, $2::text, $3::text, $4::text)
