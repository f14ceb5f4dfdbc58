/* Where tokens and sessions are kept. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answerd/limits.h"
#include "daemon/base/seal.h"
#include "daemon/connect/inside.h"
#include "daemon/io/db.h"
#include "store_sql.h"

#define WORKER "answerd_worker" /* the role, and on Debian the user, of the worker */

/* ---- the token's file ---- */

bool keep_find_token(struct visit *v, struct err *err)
{
	return conf_token_path(v->account, v->o->credentials, v->path, sizeof(v->path), err) &&
	       conf_token_read(v->path, &v->token, err);
}

static void folder_of(const char *path, char *out, size_t room)
{
	char *slash;

	(void)snprintf(out, room, "%s", path);
	slash = strrchr(out, '/');
	if (slash == NULL) {
		(void)snprintf(out, room, ".");
	} else {
		slash[slash == out ? 1 : 0] = '\0';
	}
}

bool keep_may_write(const struct visit *v)
{
	char folder[sizeof(v->path)];

	folder_of(v->path, folder, sizeof(folder));
	return faccessat(AT_FDCWD, folder, W_OK, AT_EACCESS) == 0;
}

static bool write_all(int fd, struct text t)
{
	while (t.len > 0) {
		ssize_t n = write(fd, t.at, t.len);

		if (n < 0 && errno != EINTR) {
			return false;
		}
		t = text_slice(t, n > 0 ? (size_t)n : 0, SIZE_MAX);
	}
	return true;
}

/* Whoever could read the old file reads the new one. A new one that the worker opens itself is the worker's; what systemd
 * hands to it is root's. */
static bool take_after(int fd, const char *path, bool is_workers)
{
	const struct passwd *worker = geteuid() == 0 && is_workers ? getpwnam(WORKER) : NULL;
	struct stat old;

	if (stat(path, &old) != 0) {
		return errno == ENOENT &&
		       (worker == NULL || fchown(fd, worker->pw_uid, worker->pw_gid) == 0);
	}
	return fchmod(fd, old.st_mode & 0777) == 0 &&
	       ((old.st_uid == geteuid() && old.st_gid == getegid()) ||
		fchown(fd, old.st_uid, old.st_gid) == 0);
}

static bool put(const char *path, const char *folder, struct text token, bool is_workers)
{
	char fresh[4200];
	int fd, at;
	bool is_good;

	(void)snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path);
	fd = mkostemp(fresh, O_CLOEXEC); /* 0600 */
	if (fd < 0) {
		return false;
	}
	is_good = take_after(fd, path, is_workers) && write_all(fd, token) &&
		  write_all(fd, TEXT("\n")) && fsync(fd) == 0;
	is_good = close(fd) == 0 && is_good;
	is_good = is_good && rename(fresh, path) == 0;
	if (!is_good) {
		int why = errno;

		(void)unlink(fresh);
		errno = why;
		return false;
	}
	at = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (at >= 0) {
		(void)fsync(at); /* what is not on the disk yet is there as a name at least */
		(void)close(at);
	}
	return true;
}

bool keep_write_token(const struct visit *v, struct err *err)
{
	char folder[sizeof(v->path)];

	folder_of(v->path, folder, sizeof(folder));
	return put(v->path, folder, secret_reveal(&v->token),
		   text_starts(v->account->token_reference, TEXT("file:"))) ||
	       err_set(err, ERR_CONFIG, "%.150s cannot be written: %s", v->path, strerror(errno));
}

/* ---- the database ---- */

/* Root is nobody there: it comes as the worker does, by the name that the system vouches for. */
static struct db_sync *open_as_worker(const char *conninfo, struct err *err)
{
	const struct passwd *worker =
		geteuid() == 0 && !db_names_user(conninfo) ? getpwnam(WORKER) : NULL;
	bool is_other = worker != NULL && seteuid(worker->pw_uid) == 0;
	struct db_sync *db = db_sync_open(conninfo, WORKER, "answerd connect", err);

	if (is_other && seteuid(0) != 0) {
		abort(); /* nothing that follows would be what it says */
	}
	return db;
}

static struct text realm_of(const struct visit *v)
{
	return v->connector->can.are_ids_global
		       ? text_of(v->connector->name)
		       : text_printf(v->arena, "%s %.*s", v->connector->name,
				     TEXT_ARG(v->account->server));
}

bool keep_open(struct visit *v, struct err *err)
{
	const char *params[] = {
		text_cstr(v->arena, v->brand->name),
		text_cstr(v->arena, v->account->name),
		v->connector->name,
		text_cstr(v->arena, v->account->server),
		text_cstr(v->arena, realm_of(v)),
		v->connector->can.is_time_authors ? "t" : "f",
		text_cstr(v->arena, text_printf(v->arena, "%lld", (long long)v->account->every.us)),
	};
	struct db_result r;

	v->db = open_as_worker(v->conf->database.at, err);
	if (v->db == NULL || !db_sync_query(v->db, SQL_CONNECT_FIND, params, 7, &r, err) ||
	    r.n_rows != 1) {
		return false;
	}
	v->brand_id = db_i64(&r, 0, 0);
	v->account_id = db_i64(&r, 0, 1);
	v->own_id = text_dup(v->arena, db_text(&r, 0, 2));
	v->own_handle = text_dup(v->arena, db_text(&r, 0, 3));
	v->facts = text_dup(v->arena, db_text(&r, 0, 4));
	return true;
}

static const char *or_null(struct visit *v, struct text t)
{
	return text_is_empty(t) ? NULL : text_cstr(v->arena, text_clean(v->arena, t, NULL));
}

static const char *number(struct visit *v, int64_t n)
{
	return n == 0 ? NULL : text_cstr(v->arena, text_printf(v->arena, "%lld", (long long)n));
}

bool keep_store(struct visit *v, struct err *err)
{
	struct text sealed =
		text_is_empty(v->session)
			? TEXT_NONE
			: seal_close(v->arena, secret_reveal(&v->token),
				     seal_place_of_session(v->arena, v->account_id, v->brand_id),
				     v->session);
	const char *params[] = {
		text_cstr(v->arena, text_printf(v->arena, "%lld", (long long)v->brand_id)),
		text_cstr(v->arena, text_printf(v->arena, "%lld", (long long)v->account_id)),
		or_null(v, sealed),
		number(v, v->session_until.us),
		number(v, v->token_until.us),
		or_null(v, v->who.own_id),
		or_null(v, v->who.own_handle),
		or_null(v, v->who.own_name),
		or_null(v, v->facts),
		or_null(v, v->missing),
		v->o->is_other_user ? "t" : "f",
	};
	struct db_result r;

	if (!db_sync_query(v->db, SQL_CONNECT_STORE, params, 11, &r, err)) {
		return false;
	}
	return text_eq(db_text(&r, 0, 0), TEXT("ok")) ||
	       err_set(err, ERR_AUTH, "somebody else connected another user meanwhile");
}
