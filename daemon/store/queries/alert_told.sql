-- $1 int8 telling, $2 text failure, null: the channel took it. No row that matters.
select answerd.told($1::int8, $2::text)
