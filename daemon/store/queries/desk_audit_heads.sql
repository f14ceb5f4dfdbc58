-- No parameters. A row a chain: brand_id int8 (0: the house), seq int8, hash text.
select b.brand_id::int8, a.seq::int8, a.hash from (select 0 as brand_id union all select brand_id from answerd.brand) b
cross join lateral (select x.seq, x.hash from answerd.audit x where x.brand_id = b.brand_id order by x.seq desc limit 1) a order by 1
