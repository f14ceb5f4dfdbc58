select * from answerd.queue_page('age', null, null, null, true, false, 0, '-infinity', 0, 51)
