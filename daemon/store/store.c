#include <stdio.h>
#include <stdlib.h>

#include "answerd/num.h"
#include "answerd/strbuf.h"
#include "daemon/io/db.h"
#include "daemon/store/store.h"
#include "store_sql.h"

#define SCRIPT_BYTES (4u * 1024 * 1024)

/* What has to be there before the first migration. Roles belong to the whole cluster: another database may have them. */
static const char prepare[] =
	"select pg_advisory_lock(hashtext('answerd.migrate'));\n"
	"do $$\n"
	"declare r text;\n"
	"begin\n"
	"	foreach r in array "
	"'{answerd_owner,answerd_worker,answerd_desk,answerd_reader}'::text[] loop\n"
	"		if not exists (select from pg_roles where rolname = r) then\n"
	"			begin\n"
	"				execute format('create role %I nologin', r);\n"
	"			exception when duplicate_object or unique_violation then null;\n"
	"			end;\n"
	"		end if;\n"
	"		if not pg_has_role(current_user, r, 'member') then\n"
	"			execute format('grant %I to %I', r, current_user);\n"
	"		end if;\n"
	"	end loop;\n"
	"	if not exists (select from pg_namespace where nspname = 'answerd') then\n"
	"		execute 'create schema answerd authorization answerd_owner';\n"
	"	end if;\n"
	"end $$;\n"
	"set role answerd_owner;\n"
	"create table if not exists answerd.schema_version (version int primary key, name text not "
	"null, applied_at timestamptz "
	"not null default now());\n"
	"create table if not exists answerd.rules_digest (digest text not null);\n";

static bool scalar(struct db_sync *s, const char *sql, struct text *ret, struct err *err)
{
	struct db_result r = { 0 };

	if (!db_sync_query(s, sql, NULL, 0, &r, err)) {
		return false;
	}
	*ret = r.n_rows > 0 ? db_text(&r, 0, 0) : TEXT_NONE;
	return true;
}

static bool current_version(struct db_sync *s, int64_t *ret, struct err *err)
{
	struct text version;

	if (!scalar(s, "select coalesce(max(version), 0) from answerd.schema_version", &version,
		    err)) {
		return false;
	}
	if (!num_parse_i64(version, ret)) {
		return err_set(err, ERR_CONFIG,
			       "the schema's version cannot be read; is this answerd's database?");
	}
	if (*ret > SQL_VERSION) {
		return err_set(err, ERR_CONFIG,
			       "the database has schema version %lld, this program knows %d: "
			       "install the newer answerd",
			       (long long)*ret, SQL_VERSION);
	}
	return true;
}

static bool run_migration(struct db_sync *s, const struct sql_file *f, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { 0 };
	struct err why = { 0 };

	strbuf_init(&b, SCRIPT_BYTES);
	strbuf_printf(&b, "begin;\nset local role answerd_owner;\n");
	strbuf_add_str(&b, f->sql);
	strbuf_printf(&b,
		      "\ninsert into answerd.schema_version (version, name) values (%d, "
		      "'%s');\ncommit;\n",
		      f->number, f->name);
	if (db_sync_script(s, b.at, &why)) {
		return true;
	}
	(void)db_sync_script(s, "rollback", NULL);
	return err_set(err, why.kind, "migration %s failed, nothing of it was kept: %s", f->name,
		       why.text);
}

/* Each number by itself: of branches that were built apart, a lower one may come after a higher one. */
static bool was_run(struct db_sync *s, int number, bool *ret, struct err *err)
{
	char sql[96];
	struct text found;

	(void)snprintf(sql, sizeof(sql),
		       "select count(*) from answerd.schema_version where version = %d", number);
	if (!scalar(s, sql, &found, err)) {
		return false;
	}
	*ret = text_eq(found, TEXT("1"));
	return true;
}

static bool load_rules(struct db_sync *s, bool *ret_loaded, struct err *err)
{
	scoped(strbuf_done) struct strbuf b = { 0 };
	struct text digest;
	struct err why = { 0 };

	*ret_loaded = false;
	if (!scalar(s, "select digest from answerd.rules_digest limit 1", &digest, err)) {
		return false;
	}
	if (text_eq(digest, TEXT(SQL_RULES_DIGEST))) {
		return true;
	}
	strbuf_init(&b, SCRIPT_BYTES);
	/* Functions may have changed their shape: all are made anew. Views hold no data. Nothing that stores data depends on them. */
	strbuf_add_str(
		&b,
		"begin;\nset local role answerd_owner;\nset local client_min_messages = warning;\n"
		"do $$ declare x text; begin\n"
		"foreach x in array array(select format('drop view if exists answerd.%I cascade', "
		"c.relname) from pg_class c "
		"where c.relnamespace = 'answerd'::regnamespace and c.relkind = 'v') loop execute "
		"x; end loop;\n"
		"foreach x in array array(select format('drop function if exists %s cascade', "
		"p.oid::regprocedure) "
		"from pg_proc p where p.pronamespace = 'answerd'::regnamespace and p.prokind in "
		"('f', 'p')) loop execute x; end loop;\n"
		"end $$;\n");
	for (size_t i = 0; i < n_sql_rules; i++) {
		strbuf_add_str(&b, sql_rules[i].sql);
		strbuf_add_byte(&b, '\n');
	}
	strbuf_add_str(&b,
		       "delete from answerd.rules_digest;\ninsert into answerd.rules_digest values "
		       "('" SQL_RULES_DIGEST "');\nselect answerd.raw_months();\ncommit;\n");
	if (!db_sync_script(s, b.at, &why)) {
		(void)db_sync_script(s, "rollback", NULL);
		return err_set(err, why.kind,
			       "the rules could not be loaded, the old ones stand: %s", why.text);
	}
	*ret_loaded = true;
	return true;
}

bool store_migrate(const char *conninfo, int *ret_ran, bool *ret_rules, struct err *err)
{
	struct db_sync *s = db_sync_open(conninfo, NULL, "answerd migrate", err);
	int64_t version = 0;
	bool is_ok;

	*ret_ran = 0;
	*ret_rules = false;
	if (s == NULL) {
		return false;
	}
	is_ok = db_sync_script(s, prepare, err) && current_version(s, &version, err);
	for (size_t i = 0; is_ok && i < n_sql_migrations; i++) {
		bool has_run = false;

		is_ok = was_run(s, sql_migrations[i].number, &has_run, err);
		if (is_ok && !has_run) {
			is_ok = run_migration(s, &sql_migrations[i], err);
			*ret_ran += is_ok;
		}
	}
	is_ok = is_ok && load_rules(s, ret_rules, err);
	db_sync_close(&s);
	return is_ok;
}

bool store_check(const char *conninfo, const char *role, struct err *err)
{
	struct db_sync *s = db_sync_open(conninfo, role, "answerd check", err);
	struct db_result r = { 0 };
	bool is_ok;

	if (s == NULL) {
		return false;
	}
	is_ok = db_sync_query(s, "select to_regclass('answerd.schema_version') is not null", NULL,
			      0, &r, err);
	if (is_ok && !text_eq(db_text(&r, 0, 0), TEXT("t"))) {
		is_ok = err_set(err, ERR_CONFIG,
				"the database has no answerd schema yet: run answerd migrate");
	}
	is_ok = is_ok && db_sync_query(s, SQL_SCHEMA_VERSION, NULL, 0, &r, err);
	if (is_ok && (db_i64(&r, 0, 0) != SQL_VERSION ||
		      !text_eq(db_text(&r, 0, 1), TEXT(SQL_RULES_DIGEST)))) {
		is_ok = err_set(err, ERR_CONFIG,
				"the database has schema version %lld%s, this program needs %d: %s",
				(long long)db_i64(&r, 0, 0),
				db_i64(&r, 0, 0) == SQL_VERSION ? " with other rules" : "",
				SQL_VERSION,
				db_i64(&r, 0, 0) > SQL_VERSION ? "install the newer answerd"
							       : "run answerd migrate");
	}
	db_sync_close(&s);
	return is_ok;
}
