-- What the desk must know to measure a reply. $1 int8 actor, $2 text key, $3 text request, $4 text conversation, $5 text text, $6 int8 version,
-- $7 bool also, $8 bool parts, $9 bool draft, $10 bool undo, $11 int8 seconds that it can be undone.
-- One row: the answer that this key already had, parts, draft, then answerd.reply_ask().
select d.done, coalesce($8::bool, false), coalesce($9::bool, false), a.* from (select answerd.replayed($2::text, $1::int8, $3::text) as done) d
left join lateral (select x.* from answerd.reply_ask($4::text, null, $1::int8, $5::text) x where d.done is null offset 0) a on true
where ($6::int8, $7::bool, $10::bool, $11::int8) is distinct from (-1, null, null, null)
