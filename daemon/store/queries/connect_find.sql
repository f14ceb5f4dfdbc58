-- The account that a person lets in. $1 text brand, $2 text account, $3 text platform, $4 text server, $5 text realm, $6 bool is_time_authors,
-- $7 int8 every_us. Row: brand_id int8, account_id int8, own_id text, own_handle text, facts text.
select brand_id::int8, account_id::int8, own_id, own_handle, facts
from answerd.connect_find($1::text, $2::text, $3::text, $4::text, $5::text, $6::bool, $7::int8)
