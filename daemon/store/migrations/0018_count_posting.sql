-- 0018: what posting costs, where a platform sells it (X): counted beside what reading costs, and a budget in money for both.
-- Runs once, as the owner.

alter table answerd.reading
	add column n_posted bigint not null default 0,    -- replies that the platform charges for
	add column posted_uusd bigint not null default 0; -- their price, in millionths of a US dollar
alter table answerd.account
	add column monthly_usd bigint not null default 0; -- declared: the budget for reading and posting together; 0: none
alter table answerd.reply
	add column cost_uusd bigint;                      -- what the platform charges for it, by its sheet; null: nothing, or not known
