-- $1 int8 actor, $2 text conversation. One row: JSON text, two columns for nobody, answerd.reply_ask(): what the desk must know to say how
-- the platform counts; int8 conversation.
select translate(answerd.show_conversation($2::text, $1::int8)::text, E'\n', ''), false, false, a.*,
	(answerd.conversation_named($2::text)).conversation_id
from answerd.reply_ask($2::text, null, $1::int8, '') a where $1::int8 is not null
