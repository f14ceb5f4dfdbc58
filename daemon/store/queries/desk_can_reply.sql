-- Why a page of the queue says can_reply or not. No parameters. Rows: account_id int8, hindrance text or null, answers text (" kind kind "),
-- window_s int8, late text, attention text or null, unnamed text or null (" id id "), unnamed_why text or null.
select c.account_id, c.hindrance, c.answers, c.window_s, c.late, answerd.replies_attention(), c.unnamed, c.unnamed_why from answerd.can_reply_rows() c
