-- The words of what is new become searchable. $1 int8: how many conversations at most. One row: how many there were, int8.
select answerd.words_catch_up($1::int8::int)::int8
