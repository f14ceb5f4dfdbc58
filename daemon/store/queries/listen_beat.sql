-- $1 text holder, $2 int8 pid, $3 int4[] brands, $4 int4[] accounts, $5 int8[] epochs, $6 bool[] locked.
-- Rows: account_id int8 that is still ours (0: the last row), locked bool, shift_us int8.
select account_id::int8, locked, shift_us from answerd.beat($1::text, $2::int8::int, $3::int[], $4::int[], $5::int8[], $6::bool[])
