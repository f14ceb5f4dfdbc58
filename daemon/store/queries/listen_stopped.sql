-- $1 text holder: it says goodbye and gives everything back.
select answerd.stopped($1::text)
