-- $1 int8 brand_id, $2 int8 account_id, $3 text holder. One row: epoch int8 or null (somebody else listens), locked bool,
-- after text: own, given or lost.
select o_epoch, o_locked, o_after from answerd.lease($1::int8::int, $2::int8::int, $3::text)
