-- $1 int8 actor, $2 text key, $3 text request, $4 text conversation. One row: JSON text. Twice is the same as once: no key is kept.
select answerd.notes_seen($4::text, $1::int8)::text where ($2::text, $3::text) is distinct from (null, null) or true
