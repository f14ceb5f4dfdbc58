-- $1 jsonb: the configuration. Rows: brand, account, source text; brand_id, account_id, source_id int.
select brand, account, source, brand_id::int8, account_id::int8, source_id::int8 from answerd.declare($1::jsonb)
