-- What the ids of a queue's page are called: no parameters; rows ("b" brand | "a" account | "s" staff, int8 id, text name). Names of brands and accounts
-- are their identity and logins never change: what was read once stays true.
select 'b', brand_id::int8, name from answerd.brand
union all select 'a', account_id, name from answerd.account
union all select 's', staff_id, login from answerd.staff
