-- What is overdue, by age: all of it, sorted.
-- $1 int4 brand, $2 text platform, $3 int8 staff member who holds it (each null: all), $4 bool (true), $5 bool all lanes, then behind
-- which row: $6 timestamptz waiting_since, $7 int8 conversation; $8 int8 limit, null: all. Rows of answerd.queue_row, in order.
select q.* from (select * from answerd.queue_row q where q.due_key <= (select answerd.now()) and ($1::int4 is null or q.brand_id = $1) offset 0) q
where $4::bool and ($2::text is null or q.platform = $2) and ($3::int8 is null or (q.assignee_id = $3 and q.is_held))
	and (q.is_listed or $5::bool) and (q.waiting_since, q.conversation_id) > ($6::timestamptz, $7::int8)
order by q.waiting_since, q.conversation_id limit $8::int8
