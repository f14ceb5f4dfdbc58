-- $1 text holder, $2 bool locked, $3 int8 chores. One row: leads bool, locked bool, wait_us int8; shift_us int8 of the test clock,
-- clock_us int8: what time it is as this answer leaves, without the shift.
select o_leads, o_locked, o_wait_us, round(extract(epoch from answerd.now() - pg_catalog.now()) * 1000000)::int8, answerd.us(clock_timestamp())
from answerd.alert_turn($1::text, $2::bool, $3::int8::int)
