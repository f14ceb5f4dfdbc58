-- $1 text holder, $2 int8 pid, $3 int8 accounts in the configuration; arrays of what we hold: $4 int4[] brands, $5 int4[] accounts,
-- $6 int8[] epochs, $7 bool[] locked, $8 text[] used, $9 int4[] limits (0: unknown), $10 int4[] left, $11 int8[] reset_us, $12 int8[] after_us.
-- Rows: account_id int8 that is still ours (0: the last row), locked bool, shift_us int8, surplus int8, clock_us int8: what time it is as this
-- answer leaves, without the shift, asked int8: what other workers have ever asked there.
select account_id::int8, locked, shift_us, surplus::int8, answerd.us(clock_timestamp()), asked
from answerd.beat($1::text, $2::int8::int, $3::int8::int, $4::int[], $5::int[], $6::int8[], $7::bool[], $8::text[], $9::int[], $10::int[],
	$11::int8[], $12::int8[])
