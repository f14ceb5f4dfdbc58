-- What a server's answers say of themselves. $1 int8 brand_id, $2 int8 account_id, $3 int8 source_id or 0, $4 int8 epoch, $5 text name,
-- $6 int8 value: see answerd.hearing_fact().
select answerd.hearing_fact($1::int8::int, $2::int8::int, $3::int8::int, $4::int8, $5::text, $6::int8)
