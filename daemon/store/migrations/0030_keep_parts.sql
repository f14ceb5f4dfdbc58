-- 0030: sentences that are kept stand beside the parts that they were made of (rules/08_said.sql), so that a page can say them in another
-- language. Null: kept before, or somebody else's words.
alter table answerd.reply add column reason_parts jsonb;
alter table answerd.gap add column lost_parts jsonb;
alter table answerd.trouble add column text_parts jsonb;
alter table answerd.alert add column text_parts jsonb;
