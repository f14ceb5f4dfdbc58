-- Who is that, and which conversation is it now? $1 int8 actor, $2 text conversation, $3 bool typing, $4 bool gone. One row: int8 conversation,
-- text login, text name, bool typing, bool gone.
select (answerd.conversation_named($2::text)).conversation_id, s.login, s.name, coalesce($3::bool, false), coalesce($4::bool, false)
from answerd.staff s where s.staff_id = $1::int8
