-- $1 int4[] brands, $2 int4[] accounts, $3 int4[] sources, $4 int8[] epochs, $5 int8[] asked_us.
select answerd.heard($1::int[], $2::int[], $3::int[], $4::int8[], $5::int8[])
