select answerd.queue_list(1, 'age', null, null, false, false, false, null, 50)
