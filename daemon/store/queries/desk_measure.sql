-- What the desk must know to measure words. $1 int8 actor, $2 text conversation, $3 text words. One row as desk_reply_ask.sql.
select null::text, true, false, a.* from answerd.reply_ask($2::text, null, $1::int8, $3::text) a
