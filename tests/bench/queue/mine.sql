select * from answerd.queue_page('age', null, null, 17, false, false, 0, '-infinity', 0, 51)
