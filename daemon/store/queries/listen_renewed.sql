-- $1 int8: how many conversations at most. No row: all deadlines follow from today's policies and calendars.
-- Row: brand, reason text; seen, moved int8; is_done bool.
select o_brand, o_reason, o_seen::int8, o_moved::int8, o_done from answerd.renewed($1::int8::int)
