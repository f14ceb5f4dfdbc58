-- $1 jsonb: channels and health as configured. No row that matters.
select answerd.declare_alerts($1::jsonb)
