/* Every connector that connectors/meson.build lists, in its order. */
#include "answerd/connector.h"

#define CONNECTOR(name) extern const struct connector connector_##name;
#include "registry_list.h"
#undef CONNECTOR

#define CONNECTOR(name) &connector_##name,
const struct connector *const connectors[] = {
#include "registry_list.h"
	NULL,
};
#undef CONNECTOR

const size_t n_connectors = sizeof(connectors) / sizeof(connectors[0]) - 1;
