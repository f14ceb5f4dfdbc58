-- Why a page of the queue says can_reply or not. No parameters. Rows: account_id int8, hindrance text or null, answers text (" kind kind "),
-- window_s int8, late text, attention text or null, unnamed text or null (" id id "), unnamed_why text or null, direct_window_s int8, direct_late text,
-- needs_human int8, is_panic bool.
select c.account_id, c.hindrance, c.answers, c.window_s, c.late, answerd.replies_attention(), c.unnamed, c.unnamed_why, c.direct_window_s, c.direct_late,
	(select count(*) from answerd.reply where state = 'needs_human'), (select coalesce(bool_or(h.is_panic), false) from answerd.respond_house h) from answerd.can_reply_rows() c
