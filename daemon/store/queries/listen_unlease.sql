-- $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch.
select answerd.unlease($1::int8::int, $2::int8::int, $3::int8)
