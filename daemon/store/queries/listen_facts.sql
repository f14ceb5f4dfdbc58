-- $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch, $4 text facts or null, $5 text missing or null: what an answer taught us.
update answerd.account set facts = coalesce($4::text, facts), missing = coalesce($5::text, missing)
where account_id = $2::int8::int and brand_id = $1::int8::int and epoch = $3::int8
