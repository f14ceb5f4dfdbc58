select * from answerd.queue_page('age', null, 'platform3', null, false, false, 0, '-infinity', 0, 51)
