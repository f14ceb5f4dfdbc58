-- $1 int8 actor, $2 text brand, $3 text conversation. One row: JSON text.
select answerd.snippets_list($2::text, $3::text, $1::int8)::text
