-- One page: see rules/40_ingest.sql for all parameters. One row: state text, new, changed, gone, bad, touched, seq int8.
select o_state, o_new::int8, o_changed::int8, o_gone::int8, o_bad::int8, o_touched::int8, o_seq
from answerd.ingest($1::int8::int, $2::int8::int, $3::int8::int, $4::int8, $5::text, $6::int8, $7::text, $8::bool, $9::int8,
	$10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::int[], $18::text[], $19::text[],
	$20::text[], $21::text[], $22::text[], $23::text[], $24::text[], $25::int8[], $26::int8[], $27::text[], $28::text[],
	$29::int8[], $30::text[], $31::int[], $32::text[], $33::text[], $34::text[], $35::text[], $36::text[])
