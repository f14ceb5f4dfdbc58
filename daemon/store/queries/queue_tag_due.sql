-- Who waits with a tag, by what falls due next: found by the tags' index, then sorted.
-- $1 int4 brand, $2 text platform, $3 int8 staff member who holds it (each null: all), $4 bool overdue only, $5 bool all lanes, then behind
-- which row: $6 timestamptz waiting_since, $7 int8 conversation; $8 int8 limit, null: all; $9 timestamptz due; $10 bool held by nobody; $11 text tag.
-- Rows of answerd.queue_row, in order.
select q.* from answerd.conversation t join answerd.queue_row q on q.conversation_id = t.conversation_id and q.brand_id = t.brand_id
where t.tags @> array[$11::text] and t.waiting_since is not null and t.tags <> '{}'
	and ($1::int4 is null or q.brand_id = $1) and ($2::text is null or q.platform = $2) and ($3::int8 is null or (q.assignee_id = $3 and q.is_held))
	and (q.is_overdue or not $4::bool) and (q.is_listed or $5::bool) and (not q.is_held or not $10::bool)
	and (q.due_key, q.waiting_since, q.conversation_id) > ($9::timestamptz, $6::timestamptz, $7::int8)
order by q.due_key, q.waiting_since, q.conversation_id limit $8::int8
