-- 0014: a time zone that the server knows and the database does not: what it is, until tzdata is brought up to date. Meanwhile
-- `timezone` holds one that is known.
alter table answerd.brand add column refused_zone text;
alter table answerd.channel add column refused_zone text;
