-- $1 int8 actor, $2 text key, $3 text request, $4 text conversation, $5 text words. One row: JSON text. The last words stay: no key is kept.
select answerd.draft_keep($4::text, $1::int8, $5::text)::text where ($2::text, $3::text) is distinct from (null, null) or true
