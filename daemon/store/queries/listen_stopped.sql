-- $1 text holder: it says goodbye.
update answerd.worker set stopped_at = pg_catalog.now() where holder = $1::text
