select * from answerd.queue_page('age', 1, 'platform3', null, false, false, 0, '-infinity', 0, 51)
