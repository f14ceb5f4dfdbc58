-- $1 text JSON, see answerd.declare_replies(). One row: accounts that the house knows, int8.
select answerd.declare_replies($1::text::jsonb)
