-- As desk_reply_ask.sql, for a draft. $1 int8 actor, $2 text key, $3 text request, $4 text reply, $5 text text or null, $6 bool also,
-- $7 bool parts, $8 bool draft, $9 int8 version, $10 bool undo, $11 int8 seconds that it can be undone.
-- One row: the answer that this key already had, parts, draft, then answerd.reply_ask().
select d.done, coalesce($7::bool, false), coalesce($8::bool, false), a.* from (select answerd.replayed($2::text, $1::int8, $3::text) as done) d
-- Where the key had an answer nothing is asked: a reply that was thrown away since would be a refusal. "offset 0" keeps the condition before the call.
left join lateral (select x.* from answerd.reply_ask(null, $4::text, $1::int8, $5::text) x where d.done is null offset 0) a on true
where ($6::bool, $9::int8, $10::bool, $11::int8) is distinct from (null, -1, null, null)
