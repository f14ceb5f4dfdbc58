-- $1 text holder, $2 int8 the last attempt that this worker knows of, or 0. One row: sender int8, is_other bool.
select o_sender::int8, o_is_other from answerd.respond_begin($1::text, $2::int8)
