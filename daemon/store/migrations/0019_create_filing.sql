-- 0019: some replies want a second step when they are posted: a mail's copy in the folder of sent mails. It is none of the reply's
-- own states: the customer waits for no copy.

create table answerd.filing (
	brand_id   int not null,
	account_id int not null,
	reply_id   bigint not null,                 -- sent
	begun_at   timestamptz not null,            -- when it was sent; answerd.now()'s clock, as not_before
	not_before timestamptz not null,
	tries      int not null default 0,          -- in vain
	reason     text,                            -- of the last one
	holder     int,                             -- sender that is at it
	until      timestamptz,                     -- now()'s clock: afterwards another may
	primary key (reply_id, brand_id),
	foreign key (account_id, brand_id) references answerd.account
) with (fillfactor = 70);
create index filing_due on answerd.filing (account_id, not_before, brand_id);
