-- $1 to $11 as desk_reply_ask.sql, $12 text[] the words of each part, $13 int8[] what each costs. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text), answerd.remembered($2::text, $1::int8, $3::text,
	answerd.reply_make($4::text, $1::int8, $5::text, $6::int8::int, $7::bool, $9::bool, $12::text[], case when $10::bool then $11::int8 else 0 end, $13::int8[])))
where $8::bool is distinct from null or true
