-- Why a page of the queue says can_reply or not. No parameters. Rows: account_id int8, hindrance text or null, answers text (" kind kind "),
-- window_s int8, late text, attention text or null, unnamed text or null (" id id "), unnamed_why text or null, direct_window_s int8, direct_late text.
select c.account_id, c.hindrance, c.answers, c.window_s, c.late, answerd.replies_attention(), c.unnamed, c.unnamed_why, c.direct_window_s, c.direct_late from answerd.can_reply_rows() c
