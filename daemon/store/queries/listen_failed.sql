-- $1 int8 brand_id, $2 int8 account_id, $3 int8 source_id, $4 int8 epoch, $5 text failure, $6 text kind (err.h).
select answerd.failed($1::int8::int, $2::int8::int, $3::int8::int, $4::int8, $5::text, $6::text)
