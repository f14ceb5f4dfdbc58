-- $1 int8 actor, $2 text conversation, $3 text brand, $4 text kind, $5 text nature, $6 bool about. One row: JSON text.
select answerd.alerts_test($2::text, $3::text, $4::text, $5::text, $6::bool)::text where $1::int8 is not null
