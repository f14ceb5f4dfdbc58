-- 0013: what reading costs, where a platform sells it (X): counted by month, with a budget; and platforms that take a reply only where
-- the customer names us.
-- Runs once, as the owner.

create table answerd.reading (
	brand_id   int not null,
	account_id int not null,
	month      date not null,              -- its first day, UTC: bills go by that
	n_read     bigint not null default 0,  -- elements that the platform charges for
	cost_uusd  bigint not null default 0,  -- by the prices of its sheet, in millionths of a US dollar
	primary key (account_id, month, brand_id),
	foreign key (account_id, brand_id) references answerd.account
);
alter table answerd.account
	add column reading_costs bool not null default false, -- declared: reading costs money there
	add column monthly_reads bigint not null default 0;   -- declared: the budget; 0: none

alter table answerd.posting add column named_only text;   -- why it takes a reply only where the customer names us; null: it takes any
