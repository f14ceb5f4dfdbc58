-- $1 int4[] brands, $2 int4[] accounts that we do not hold. Rows: account_id int8 that nobody holds, is_left bool, share int8 of all accounts.
select account_id::int8, is_left, share::int8 from answerd.free_accounts($1::int[], $2::int[])
