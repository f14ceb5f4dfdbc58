/* Which addresses may be talked to, judged when the connection is made and no name stands between
 * any more (RELIABILITY S5, LIBS §2.11). */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "daemon/io/http_inside.h"

struct net4 {
	uint32_t net;
	int bits;
	enum address_kind kind;
};

#define V4(a, b, c, d) (((uint32_t)(a) << 24) | ((b) << 16) | ((c) << 8) | (d))

static const struct net4 nets4[] = {
	{ V4(0, 0, 0, 0), 8, ADDRESS_REFUSED }, /* "this network" reaches loopback */
	{ V4(10, 0, 0, 0), 8, ADDRESS_PRIVATE },
	{ V4(100, 64, 0, 0), 10, ADDRESS_PRIVATE }, /* of providers */
	{ V4(127, 0, 0, 0), 8, ADDRESS_LOOPBACK },
	{ V4(169, 254, 0, 0), 16, ADDRESS_REFUSED }, /* link-local, the clouds' metadata */
	{ V4(172, 16, 0, 0), 12, ADDRESS_PRIVATE },
	{ V4(192, 0, 0, 0), 24, ADDRESS_REFUSED },   /* protocol assignments */
	{ V4(192, 0, 2, 0), 24, ADDRESS_REFUSED },   /* documentation */
	{ V4(192, 88, 99, 0), 24, ADDRESS_REFUSED }, /* 6to4 relays */
	{ V4(192, 168, 0, 0), 16, ADDRESS_PRIVATE },
	{ V4(198, 18, 0, 0), 15, ADDRESS_REFUSED }, /* measuring */
	{ V4(198, 51, 100, 0), 24, ADDRESS_REFUSED },
	{ V4(203, 0, 113, 0), 24, ADDRESS_REFUSED },
	{ V4(224, 0, 0, 0), 4, ADDRESS_REFUSED }, /* multicast */
	{ V4(240, 0, 0, 0), 4, ADDRESS_REFUSED }, /* reserved, broadcast */
};

struct net6 {
	unsigned char net[6];
	int bits;
	enum address_kind kind;
};

/* Only what stands in 2000::/3 is public; of that, these are not. */
static const struct net6 nets6[] = {
	{ { 0x20, 0x01, 0x00, 0x00 }, 23, ADDRESS_REFUSED }, /* Teredo, ORCHID, benchmarks */
	{ { 0x20, 0x01, 0x0d, 0xb8 }, 32, ADDRESS_REFUSED }, /* documentation */
	{ { 0x20, 0x02 }, 16, ADDRESS_REFUSED },             /* 6to4 hides any IPv4 address */
	{ { 0x3f, 0xff }, 20, ADDRESS_REFUSED },             /* documentation */
	{ { 0xfc }, 7, ADDRESS_PRIVATE },                    /* unique local */
	{ { 0x20 }, 3, ADDRESS_PUBLIC },
};

static enum address_kind judge4(uint32_t a)
{
	for (size_t i = 0; i < sizeof(nets4) / sizeof(nets4[0]); i++) {
		if ((a ^ nets4[i].net) >> (32 - nets4[i].bits) == 0) {
			return nets4[i].kind;
		}
	}
	return ADDRESS_PUBLIC;
}

static bool is_in6(const unsigned char *a, const struct net6 *n)
{
	for (int bit = 0; bit < n->bits; bit += 8) {
		int left = n->bits - bit;
		unsigned mask = left >= 8 ? 0xffu : 0xffu << (8 - left) & 0xffu;

		if (((unsigned)(a[bit / 8] ^ n->net[bit / 8]) & mask) != 0) {
			return false;
		}
	}
	return true;
}

static enum address_kind judge6(const struct in6_addr *a)
{
	if (IN6_IS_ADDR_LOOPBACK(a)) {
		return ADDRESS_LOOPBACK;
	}
	/* Everything else outside these, such as ::, v4-mapped, NAT64, link-local and multicast, is
	 * refused. */
	for (size_t i = 0; i < sizeof(nets6) / sizeof(nets6[0]); i++) {
		if (is_in6(a->s6_addr, &nets6[i])) {
			return nets6[i].kind;
		}
	}
	return ADDRESS_REFUSED;
}

enum address_kind address_judge(const struct sockaddr *a)
{
	if (a->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, a, sizeof(in));
		return judge4(ntohl(in.sin_addr.s_addr));
	}
	if (a->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, a, sizeof(in6));
		return judge6(&in6.sin6_addr);
	}
	return ADDRESS_REFUSED;
}

static int port_of(const struct sockaddr *a)
{
	struct sockaddr_in in;

	memcpy(&in, a, sizeof(in)); /* the port stands at the same place in both families */
	return ntohs(in.sin_port);
}

static bool is_port_allowed(const struct http_transfer *t, int port)
{
	return port == 443 || port == 8443 ||
	       (t->terms.allow_port != 0 && port == t->terms.allow_port);
}

bool http_allows(const struct http_transfer *t, const struct sockaddr *a)
{
	switch (address_judge(a)) {
	case ADDRESS_LOOPBACK:
		/* Only as it stands in the URL: a name that leads here does not. */
		return t->terms.allow_loopback && t->is_literal_loopback;
	case ADDRESS_PRIVATE: return t->terms.allow_private && is_port_allowed(t, port_of(a));
	case ADDRESS_PUBLIC: return is_port_allowed(t, port_of(a));
	case ADDRESS_REFUSED: break;
	}
	return false;
}
