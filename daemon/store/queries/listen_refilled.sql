-- A page of a walk through a gap is stored. $1 int8 brand_id, $2 int8 account_id, $3 int8 gap_id, $4 int8 epoch, $5 text state,
-- $6 int8 oldest_us of its messages or 0, $7 bool is_done, $8 bool has_hole. One row: state text (open, closed, lost).
select answerd.refilled($1::int8::int, $2::int8::int, $3::int8, $4::int8, $5::text, $6::int8, $7::bool, $8::bool)
