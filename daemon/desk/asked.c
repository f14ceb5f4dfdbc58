#include "daemon/desk/asked.h"

struct split asked_split(const struct db_result *r, const struct connector *c,
			 struct arena *scratch)
{
	return (struct split){
		.connector = c,
		.ctx = { .arena = scratch,
			 .server = db_text(r, 0, ASKED_SERVER),
			 .facts = db_text(r, 0, ASKED_FACTS),
			 .own_id = db_text(r, 0, ASKED_OWN_ID),
			 .own_handle = db_text(r, 0, ASKED_OWN_HANDLE),
			 .description = c->description },
		.posting = { .key = TEXT("2222222222222"),
			     .parent_id = db_text(r, 0, ASKED_PARENT),
			     .parent_revision = db_text(r, 0, ASKED_PARENT_REVISION),
			     .root_id = db_text(r, 0, ASKED_ROOT),
			     .root_revision = db_text(r, 0, ASKED_ROOT_REVISION),
			     .thread_id = db_text(r, 0, ASKED_THREAD),
			     .author_id = db_text(r, 0, ASKED_AUTHOR),
			     .author_handle = db_text(r, 0, ASKED_AUTHOR_HANDLE),
			     .parent_kind = message_kind_of(db_text(r, 0, ASKED_KIND)),
			     .visibility = message_visibility_of(db_text(r, 0, ASKED_VISIBILITY)),
			     .warning = db_text(r, 0, ASKED_WARNING),
			     .language = db_text(r, 0, ASKED_LANGUAGE) },
		.signature = db_text(r, 0, ASKED_SIGNATURE),
		.is_parts = db_bool(r, 0, ASKED_IS_PARTS),
	};
}

const struct connector *asked_connector(const struct conf *conf, const struct db_result *r)
{
	struct text platform = db_text(r, 0, ASKED_PLATFORM), server = db_text(r, 0, ASKED_SERVER);
	const struct connector *c = connector_find(platform);

	for (size_t i = 0; c == NULL && i < conf->n_brands; i++) {
		for (size_t k = 0; c == NULL && k < conf->brands[i].n_accounts; k++) {
			const struct conf_account *a = &conf->brands[i].accounts[k];

			if (text_eq(text_of(a->connector->name), platform) &&
			    text_eq(a->server, server)) {
				c = a->connector;
			}
		}
	}
	return c;
}
