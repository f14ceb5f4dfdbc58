-- $1 to $8 as desk_reply_send_ask.sql, $9 text[] the words of each part, $10 int8[] what each costs. One row: JSON text.
select coalesce(answerd.replayed($2::text, $1::int8, $3::text), answerd.remembered($2::text, $1::int8, $3::text,
	answerd.reply_send($4::text, $1::int8, $5::text, $6::bool, $8::bool, $9::text[], $10::int8[])))
where $7::bool is distinct from null or true
