-- $1 int8 flow, $2 bool the claim is a login, $3 text role of who is unknown or '', $4 text hash of the new session's key,
-- $5 text hash of the key before or null, $6 text address, $7 text roles that need a second factor, $8 bool too late. One row: JSON text or
-- null, failure text or null (neither: not yet), claim text or null, staff_id int8 or null, detail text or null.
select o_session::text, o_failure, o_claim, o_staff, o_detail
from answerd.oidc_done($1::int8, $2::bool, $3::text, $4::text, $5::text, $6::text, $7::text, $8::bool)
