-- 0005: several workers on one database share the accounts, and what a platform allows to be asked goes with the account.
alter table answerd.worker add column n_accounts int not null default 0; -- in its configuration
alter table answerd.worker add column n_held int not null default 0;
-- The budget as its holder last knew it (daemon/listen/budget.c); tokens: where the platform says nothing itself.
alter table answerd.account add column budget_at timestamptz;
alter table answerd.account add column budget_tokens int;
alter table answerd.account add column rate_limit int;
alter table answerd.account add column rate_left int;
alter table answerd.account add column rate_reset timestamptz;
alter table answerd.account add column ask_after timestamptz; -- the platform said wait
