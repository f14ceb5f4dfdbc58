/* The table of routes, joined from its groups (routes.h), and the search in it. */
#include "daemon/desk/routes.h"

/* One a line. */
/* clang-format off */
static const struct desk_routes *const groups[] = {
	&routes_conversation,
	&routes_listening,
	&routes_oidc,
	&routes_page,
	&routes_reply,
	&routes_session,
	&routes_staff,
	&routes_watch,
	&routes_webhook,
};
/* clang-format on */

const struct desk_route *desk_route_nth(size_t n)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		if (n < groups[i]->n) {
			return &groups[i]->at[n];
		}
		n -= groups[i]->n;
	}
	return NULL;
}

static bool matches(struct text pattern, struct text path)
{
	struct text want, got;
	bool has_want = true, has_got = true;

	while (has_want && has_got) {
		has_want = text_cut(pattern, '/', &want, &pattern);
		has_got = text_cut(path, '/', &got, &path);
		if (text_starts(want, TEXT("{")) ? text_is_empty(got) : !text_eq(want, got)) {
			return false;
		}
	}
	return has_want == has_got;
}

const struct desk_route *desk_route_find(struct arena *a, struct text method, struct text path,
					 const char **ret_allow)
{
	struct text allow = TEXT_NONE;
	const struct desk_route *r;

	for (size_t i = 0; (r = desk_route_nth(i)) != NULL; i++) {
		if (!matches(text_of(r->path), path)) {
			continue;
		}
		if (text_eq(method, text_of(r->method))) {
			return r;
		}
		allow = text_printf(a, "%.*s%s%s", TEXT_ARG(allow),
				    text_is_empty(allow) ? "" : ", ", r->method);
	}
	*ret_allow = text_is_empty(allow) ? NULL : text_cstr(a, allow);
	return NULL;
}
