-- 0027: all requests to an account's host are counted in one place (daemon/listen/budget.c), in parts of the platform's window, newest first:
-- "3,0,12,…". What workers that do not listen there ask for replies is told to the one that does.
alter table answerd.account drop column budget_tokens;
alter table answerd.account add column budget_used text;
alter table answerd.account add column asked_elsewhere bigint not null default 0;
