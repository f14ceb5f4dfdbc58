-- $1 int8 flow, $2 text failure or null, $3 text detail or null, $4 text subject or null, $5 text claim or null, $6 text name or null,
-- $7 int8 when it was proved or null. No row that matters.
select answerd.oidc_judged($1::int8, $2::text, $3::text, $4::text, $5::text, $6::text, $7::int8)
