-- A hole in what was heard. $1 int8 brand_id, $2 int8 account_id, $3 int8 source_id, $4 int8 epoch, $5 int8 asked_us, $6 text reason,
-- $7 int8 oldest_us: the oldest message of the page behind the hole, or 0; $8 int8 least_us: only where we had not heard for so long.
select answerd.gap_found($1::int8::int, $2::int8::int, $3::int8::int, $4::int8, $5::int8, $6::text, $7::int8, $8::int8)
