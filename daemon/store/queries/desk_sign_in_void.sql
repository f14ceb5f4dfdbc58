-- $1 int8 try: it was none, nobody could judge it or only the code is missing.
delete from answerd.sign_in_try where try_id = $1::int8
