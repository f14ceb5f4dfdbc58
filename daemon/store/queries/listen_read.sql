-- What an answer cost → one row: what the month has cost so far; none where the account is not ours. $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch (or null: a look for a reply), $4 int8 elements, $5 int8 their price in millionths of a dollar.
select * from answerd.count_reading($1::int8::int, $2::int8::int, $3::int8, $4::int8, $5::int8)
