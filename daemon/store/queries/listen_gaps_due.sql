-- The next gap to walk through. $1 int8 brand_id, $2 int8 account_id. One row: gap_id, source_id int8, state text, from_us, until_us,
-- wait_us int8; gap_id null: none now, perhaps one after wait_us (null: none at all).
select gap_id, source_id::int8, state, from_us, until_us, wait_us from answerd.gaps_due($1::int8::int, $2::int8::int)
