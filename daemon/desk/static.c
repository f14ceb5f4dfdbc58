/* The page's files: see static.h. */
#include "daemon/desk/static.h"

#include <stdlib.h>
#include <string.h>

/* Places that the page itself knows (app.js); behind each may stand more. */
static const char *const places[] = { "conversation", "customer", "watch",  "reports", "staff",
				      "settings",     "promises", "search", "oidc",    "audit" };

static int compare(const void *path, const void *file)
{
	const struct text *wanted = path;
	const struct text have = text_of(((const struct static_file *)file)->path);
	int way = memcmp(wanted->at, have.at, wanted->len < have.len ? wanted->len : have.len);

	return way != 0 ? way : (wanted->len > have.len) - (wanted->len < have.len);
}

static const struct static_file *file_find(struct text path)
{
	return bsearch(&path, static_files, n_static_files, sizeof(static_files[0]), compare);
}

static bool is_place(struct text path)
{
	struct text first, rest;

	(void)text_cut(text_slice(path, 1, path.len), '/', &first, &rest);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (text_eq(first, text_of(places[i]))) {
			return true;
		}
	}
	return text_eq(path, TEXT("/"));
}

/* One of a list of entity tags, weak or not; or any. */
static bool has_tag(struct text list, const char *etag)
{
	struct text one;
	bool is_more = !text_is_empty(list);

	while (is_more) {
		is_more = text_cut(list, ',', &one, &list);
		one = text_trim(one);
		if (text_starts(one, TEXT("W/"))) {
			one = text_slice(one, 2, one.len);
		}
		if (text_eq(one, text_of(etag)) || text_eq(one, TEXT("*"))) {
			return true;
		}
	}
	return false;
}

/* "gzip;q=0" is a refusal, and rare: who writes a weight for it gets the plain file. */
static bool takes_gzip(struct text accepted)
{
	struct text one;
	bool is_more = !text_is_empty(accepted);

	while (is_more) {
		is_more = text_cut(accepted, ',', &one, &accepted);
		if (text_eq_nocase(text_trim(one), TEXT("gzip"))) {
			return true;
		}
	}
	return false;
}

static void file_answer(struct httpd_request *r, const struct static_file *f, int status,
			const char *keep)
{
	bool is_known = status == 200 && has_tag(httpd_header(r, "If-None-Match"), f->etag);
	bool is_packed = f->packed.len > 0 && takes_gzip(httpd_header(r, "Accept-Encoding"));

	httpd_answer(r, &(struct httpd_answer){
				.status = is_known ? 304 : status,
				.content_type = f->type,
				.body = is_known    ? TEXT_NONE
					: is_packed ? f->packed
						    : f->plain,
				.is_body_constant = true,
				.headers = { { "Cache-Control", keep },
					     { "ETag", f->etag },
					     { "Vary", "Accept-Encoding" },
					     { is_packed && !is_known ? "Content-Encoding" : NULL,
					       "gzip" } },
			});
}

bool static_serve(struct httpd_request *r)
{
	struct text path = httpd_path(r);
	const struct static_file *f;

	if (!text_eq(httpd_method(r), TEXT("GET"))) {
		return false;
	}
	if (is_place(path)) {
		f = file_find(TEXT("/"));
		file_answer(r, f, 200, "no-store");
		return true;
	}
	f = file_find(path);
	if (f == NULL) {
		return false;
	}
	file_answer(r, f, 200, "public, max-age=31536000, immutable");
	return true;
}

bool static_serve_nothing(struct httpd_request *r)
{
	if (text_find(httpd_header(r, "Accept"), TEXT("text/html"), 0) == SIZE_MAX) {
		return false;
	}
	file_answer(r, file_find(TEXT("/")), 404, "no-store");
	return true;
}
