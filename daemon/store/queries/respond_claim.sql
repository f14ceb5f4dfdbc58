-- $1 int8 sender, $2 text[] brands, $3 text[] accounts, $4 int4[] rooms, $5 int8 of all, $6 int8[] attempts on their way. Rows: what, attempt_id, reply_id, brand, account, brand_id,
-- account_id, key, words, begun_us, parent_id, parent_revision, root_id, root_revision, thread_id, author_id, author_handle, parent_kind,
-- visibility, warning, language, own_id, own_handle, facts, sealed, wait_us, parent_raw; the last one says "wait".
select what, attempt_id, reply_id, brand, account, brand_id::int8, account_id::int8, key, words, begun_us, parent_id, parent_revision, root_id,
	root_revision, thread_id, author_id, author_handle, parent_kind, visibility, warning, language, own_id, own_handle, facts, sealed, wait_us,
	parent_raw
from answerd.respond_claim($1::int8::int, $2::text[], $3::text[], $4::int4[], $5::int8::int, $6::int8[])
