-- $1 text key, $2 text sentence, null: it is over. No row that matters.
select case when $2::text is null then answerd.alert_over($1::text, 'The configuration was taken; what was wrong with it is over.')
	else answerd.alert_changed($1::text, $2::text) end
