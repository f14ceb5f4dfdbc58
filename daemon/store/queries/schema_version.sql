-- No parameters. One row: version int8, rules digest text.
select (select max(version) from answerd.schema_version)::int8, (select digest from answerd.rules_digest)
