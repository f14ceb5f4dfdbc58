-- $1 int8[] tellings under way, $2 text holder. Rows: telling_id int8, channel, event, title, text, body text; attempts, made_us, n int8.
select t.telling_id, t.channel, t.event, t.title, t.text, t.body, t.attempts::int8, answerd.us(t.made_at), t.n_alerts::int8
from answerd.telling t
where t.ended_at is null and t.next_at not between pg_catalog.now() and pg_catalog.now() + interval '1 min' and t.telling_id <> all($1::int8[])
	and exists (select from answerd.alert_house h where h.holder = $2::text)
order by t.telling_id limit 32
