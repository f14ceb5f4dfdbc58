-- $1 int8 actor. One row: JSON text.
select translate(json_build_object('items', coalesce(json_agg(j.entry order by t.waiting_since, t.conversation_id), '[]'), 'next', null)::text, E'\n', '')
from answerd.thanks_owed t join answerd.entry_json j on j.conversation_id = t.conversation_id where $1::int8 is not null
