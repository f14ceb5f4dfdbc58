-- $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch, $4 text state, $5 text reason or null.
select answerd.account_state($1::int8::int, $2::int8::int, $3::int8, $4::text, $5::text)
