-- 0017: Messenger and Instagram take a direct answer for a day only, and comments at any time.

alter table answerd.posting add column direct_window_s bigint not null default 0; -- of direct messages, where they have a window of their own; 0: window_s
