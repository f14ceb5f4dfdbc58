-- 0015: why an account takes no reply, ever, in the connector's own words.

alter table answerd.posting add column why_unable text; -- null while is_able
