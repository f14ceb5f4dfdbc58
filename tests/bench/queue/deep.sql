select * from answerd.queue_page('age', null, null, null, false, false, 0, '2026-06-20', 0, 51)
