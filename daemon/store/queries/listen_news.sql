-- $1 text words for open pages (desk/events.h).
select pg_notify('answerd_event', $1::text)
