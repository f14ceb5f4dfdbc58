-- $1 text holder: it says goodbye.
update answerd.worker set stopped_at = now() where holder = $1::text
