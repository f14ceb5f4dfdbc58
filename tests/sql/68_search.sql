-- Search: folding, words, what is found and marked, what was taken back, and pages; saved views and counts.
begin;
\ir house.psql
select plan(29);

select is(answerd.words_of('Müller''s Straße, ŁÓDŹ!'), '{lodz,muller,s,strasse}', 'no case, no accents, no signs');
select is(answerd.words_of('東京に行く'), array(select unnest('{く,に,京,東,行}'::text[]) order by 1), 'where no spaces are written every character is a word');
select is(answerd.words_of(U&'\0645\064E\0631\0652\062D\064E\0628\064B\0627'), answerd.words_of('مرحبا'), 'vowel signs are left out');
select is(answerd.words_of('  … !? '), '{}', 'signs alone are no words');
select is(answerd.words_of(repeat('x', 500)), array[repeat('x', 40)], 'long ones are cut');
select is(answerd.marked('Wo ist mein Paket nach München?', '{munch,paket}'), E'Wo ist mein \u0002Paket\u0003 nach \u0002München\u0003?', 'marked as it was written');
select is(answerd.marked('nothing of it', '{paket}'), null, 'nothing to mark');
select ok(answerd.marked(repeat('word ', 300) || 'needle', '{needle}') like E'…%\u0002needle\u0003', 'a piece around the first one');
select is(answerd.marked(E'a\u0002b needle', '{needle}'), E'ab \u0002needle\u0003', 'marks of strangers are none');

select pg_temp.clock('12:00');
select pg_temp.say('carl', 'm1', '09:00', 'Where is my parcel to München?');
select pg_temp.say('dora', 'm2', '09:30', 'My parcel is broken');
select pg_temp.say('us', 'r2', '09:40', 'Send us a photograph, please', 'm2');
select pg_temp.say('eve', 'm3', '10:00', 'Do you open on Sunday?');
select pg_temp.conv('m1') as c1, pg_temp.conv('m2') as c2, pg_temp.conv('m3') as c3 \gset
create function pg_temp.found(p_q text, p_limit int default 20, p_after text default null) returns text[] language sql as $$
	select coalesce(array_agg(x ->> 'conversation'), '{}') from json_array_elements(answerd.search(p_q, p_limit, p_after) -> 'items') x
$$;
select is(pg_temp.found('parcel'), '{}', 'not yet read');
select is(answerd.words_catch_up(1), 1, 'the newest that waits comes first');
select is(answerd.words_catch_up() + answerd.words_catch_up(), 2, 'then the rest');
select is(answerd.words_catch_up(), 0, 'nothing new');
select is(pg_temp.found('parcel'), array[:'c2', :'c1'], 'newest first');
select is(pg_temp.found('PARC munch'), array[:'c1'], 'all the words, or their beginnings');
select is(pg_temp.found('photograph'), array[:'c2'], 'our own words too');
select is(pg_temp.found('eve'), array[:'c3'], 'and names');
select is(pg_temp.found('parcel nowhere'), '{}', 'one of two is not enough');
select is(pg_temp.found('parcel', 1, answerd.search('parcel', 1, null) ->> 'next'), array[:'c1'], 'the next page');
select is(answerd.search('parcel', 20, null) ->> 'next', null, 'and no more');
select is(answerd.search('munchen', 20, null) -> 'items' -> 0 ->> 'text', E'Where is my parcel to \u0002München\u0003?', 'with its words marked');
select throws_ok($$select answerd.search('…', 20, null)$$, 'AN400', null, 'a search needs a word');
select throws_ok($$select answerd.search('a', 20, 'x')$$, 'AN400', null, 'after is ours');
select pg_temp.say('eve', 'm4', '11:00', 'And at Easter?', 'm3');
do $$ begin perform answerd.words_catch_up(); end $$;
select is(pg_temp.found('easter'), array[:'c3'], 'what is said later is read again');
select is(pg_temp.gone('m1'), 1, 'taken back');
select is(pg_temp.found('munchen'), '{}', 'and found no more, at once');
select is((select count(*)::int from answerd.conversation_words where words @@ 'munchen'), 0, 'nor does its word stand anywhere');

-- Saved views.
select is(answerd.saved_view_put('Burning', 'overdue=1&by=due', true, pg_temp.staff('lea')) ->> 'name', 'Burning', 'a lead shares a view');
select throws_ok(format('select answerd.saved_view_put(%L, %L, true, %s)', 'Mine', 'mine=1', pg_temp.staff('ann')), 'AN403', null, 'an agent does not');
select * from finish();
rollback;
