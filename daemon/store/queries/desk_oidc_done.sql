-- $1 int8 flow, $2 int8 try, $3 bool the claim is a login, $4 text role of who is unknown or '', $5 text hash of the new session's key,
-- $6 text hash of the key before or null, $7 text address, $8 text roles that need a second factor, $9 bool too late. One row: JSON text or
-- null, failure text or null (neither: not yet), claim text or null, staff_id int8 or null, detail text or null.
select o_session::text, o_failure, o_claim, o_staff, o_detail
from answerd.oidc_done($1::int8, $2::int8, $3::bool, $4::text, $5::text, $6::text, $7::text, $8::text, $9::bool)
