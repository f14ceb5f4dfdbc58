-- A platform's session, sealed. $1 int8 brand_id, $2 int8 account_id, $3 int8 epoch, $4 text sealed, $5 int8 until_us or null.
insert into answerd.credential as c (brand_id, account_id, sealed, until)
select a.brand_id, a.account_id, $4::text, case when $5::int8 is not null then answerd.from_us($5::int8) end
from answerd.account a where a.account_id = $2::int8::int and a.brand_id = $1::int8::int and a.epoch = $3::int8
on conflict (account_id, brand_id) do update set sealed = excluded.sealed, until = excluded.until
