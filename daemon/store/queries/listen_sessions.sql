-- Sessions that somebody else stored (a person who let us in). $1 int4[] brands, $2 int4[] accounts, $3 int8[] seqs that we know (0: none).
-- Rows: account_id int8, sealed text, until_us int8, seq int8.
select c.account_id::int8, c.sealed, answerd.us(c.until), c.seq
from unnest($1::int[], $2::int[], $3::int8[]) u(b, a, s)
join answerd.credential c on c.account_id = u.a and c.brand_id = u.b
where c.seq > u.s and c.sealed is not null
