select * from answerd.queue_page('age', 2, null, null, false, false, 0, '-infinity', 0, 51)
