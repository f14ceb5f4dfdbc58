-- No parameters. One row: bool is all well, JSON text.
select (h ->> 'ok')::bool, h::text from answerd.health() h
