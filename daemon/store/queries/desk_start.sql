-- No parameters. One row: version int8, rules digest text, the built-in admin int8 (made on first use).
select (select max(version) from answerd.schema_version)::int8, (select digest from answerd.rules_digest), answerd.desk_admin()::int8
