/* The option table: see conf_options.h. */
#include "daemon/conf/conf_options.h"

#define DAY  INT64_C(86400)
#define YEAR (365 * DAY)

const struct conf_option conf_options[] = {
	{ IN_TOP, "database", IS_TEXT, NULL, 0, 0, true, false,
	  "Where PostgreSQL is, as libpq's connection string; several hosts are tried in order." },
	{ IN_TOP, "nature", IS_TEXT, NULL, 0, 0, false, true,
	  "Path of the word lists that tell questions, complaints, praise and thanks apart; "
	  "without "
	  "it the shipped ones." },
	{ IN_TOP, "desk", IS_GROUP, NULL, 0, 0, false, true, "The staff side." },
	{ IN_TOP, "brands", IS_GROUPS, NULL, 0, 0, false, true,
	  "The brands whose customers are heard, by name." },
	{ IN_TOP, "policies", IS_LIST, NULL, 0, 0, false, true,
	  "Promises to customers, tried in order before the shipped ones; the first match wins." },
	{ IN_TOP, "channels", IS_GROUPS, NULL, 0, 0, false, true,
	  "Ways to tell somebody, by name." },
	{ IN_TOP, "health", IS_GROUP, NULL, 0, 0, false, true,
	  "Who is told when listening is not what it should be." },
	{ IN_TOP, "oidc", IS_GROUPS, NULL, 0, 0, false, true,
	  "Sign-in services (OpenID Connect) that say who a member of staff is, by name." },

	{ IN_DESK, "listen", IS_TEXTS, "[ \"/run/answerd/desk.sock\" ]", 0, 0, false, false,
	  "Socket paths and ADDRESS:PORT pairs where the desk listens, unless systemd gives it its "
	  "sockets." },
	{ IN_DESK, "hosts", IS_TEXTS, NULL, 0, 0, false, true,
	  "Host names under which the desk may be called, beside its addresses and localhost." },
	{ IN_DESK, "trusted_proxies", IS_TEXTS, NULL, 0, 0, false, true,
	  "Addresses of proxies whose word about the caller's address is taken." },
	{ IN_DESK, "require_totp", IS_TEXTS, NULL, 0, 0, false, true,
	  "Roles whose people must set up a second factor when they sign in with a password: "
	  "auditor, agent, lead, admin." },
	{ IN_DESK, "lease", IS_DUR, "8h", 60, 30 * DAY, false, true,
	  "How long a conversation stays with whom it was given to; then it is everybody's "
	  "again." },
	{ IN_DESK, "undo", IS_DUR, "10s", 0, 60, false, true,
	  "How long a reply sent from the page can be taken back before it leaves." },
	{ IN_DESK, "staff_reports", IS_BOOL, "false", 0, 0, false, true,
	  "Reports may tell response times by member of staff. Ask them first; nobody is ranked." },

	{ IN_BRAND, "timezone", IS_TEXT, "UTC", 0, 0, false, true,
	  "The zone of its office hours, by its IANA name." },
	{ IN_BRAND, "hours", IS_TEXTS, "[ \"Mon-Fri 09:00-17:00\" ]", 0, 0, false, true,
	  "Office hours: days, a blank, one or more frames, as in \"Mon-Fri "
	  "09:00-12:30,13:30-17:00\"; a frame may end at 24:00 or go on past midnight, \"Sat "
	  "22:00-02:00\"." },
	{ IN_BRAND, "holidays", IS_TEXT, NULL, 0, 0, false, true,
	  "Path of an iCal file with the days and hours on which nobody is there; repetitions and "
	  "time zones are understood." },
	{ IN_BRAND, "businesses", IS_TEXTS, NULL, 0, 0, false, true,
	  "Handles or ids of other businesses: their words in our threads are context, not "
	  "customers." },
	{ IN_BRAND, "sign", IS_BOOL, "false", 0, 0, false, true,
	  "Replies carry the first name of who wrote them." },
	{ IN_BRAND, "approval", IS_BOOL, "false", 0, 0, false, true,
	  "A second person must approve every reply (answer approve)." },
	{ IN_BRAND, "repeat_limit", IS_NUMBER, "5", 0, 100000, false, true,
	  "The same words to more other customers than this in 24 hours are refused; 0: never." },
	{ IN_BRAND, "accounts", IS_GROUPS, NULL, 0, 0, false, true,
	  "The brand's accounts, by name; the name is the account's identity." },

	{ IN_ACCOUNT, "platform", IS_TEXT, NULL, 0, 0, true, true,
	  "The platform, as `answerd platforms` names it." },
	{ IN_ACCOUNT, "server", IS_TEXT, NULL, 0, 0, false, true, "The server's address, https." },
	{ IN_ACCOUNT, "token", IS_REFERENCE, NULL, 0, 0, false, true,
	  "Where the account's secret is." },
	{ IN_ACCOUNT, "listen", IS_TEXTS, NULL, 0, 0, false, true,
	  "Sources to be read beside those that always are." },
	{ IN_ACCOUNT, "every", IS_DUR, "60s", 1, DAY, false, true,
	  "The fastest rhythm of the account's polls." },
	{ IN_ACCOUNT, "history", IS_DUR, "30d", 0, 10 * YEAR, false, true,
	  "How far back is imported when the account is connected." },
	{ IN_ACCOUNT, "settle", IS_DUR, "30s", 1, 3600, false, true,
	  "The wait before an unknown reply is looked for; the window is three times as long." },
	{ IN_ACCOUNT, "max_per_host", IS_NUMBER, "2", 1, 16, false, true,
	  "Requests at once to one host." },
	{ IN_ACCOUNT, "monthly_reads", IS_NUMBER, "0", 0, 50000000, false, true,
	  "How many messages may be read in a month (UTC) where the platform sells reading; near "
	  "its "
	  "end only news are read, then nothing, and a person is told; 0: no limit." },
	{ IN_ACCOUNT, "monthly_usd", IS_NUMBER, "0", 0, 1000000, false, true,
	  "What reading and posting may cost together in a month (UTC), in US dollars, where the "
	  "platform sells them: near its end only news are read, then nothing; replies are posted "
	  "all the same, with a warning, and a person is told; 0: no limit." },
	{ IN_ACCOUNT, "insecure_loopback", IS_BOOL, "false", 0, 0, false, true,
	  "Accept plain http for a literal loopback address, any port." },

	{ IN_POLICY, "name", IS_TEXT, NULL, 0, 0, true, true, "The policy's name." },
	{ IN_POLICY, "kinds", IS_TEXTS, NULL, 0, 0, false, true,
	  "Kinds of messages it is for: mention comment reply direct review post other; absent: "
	  "all." },
	{ IN_POLICY, "natures", IS_TEXTS, NULL, 0, 0, false, true,
	  "Natures it is for: question complaint praise thanks neutral; absent: all." },
	{ IN_POLICY, "audience", IS_TEXT, NULL, 0, 0, false, true,
	  "to_us or about_us; absent: both." },
	{ IN_POLICY, "brands", IS_TEXTS, NULL, 0, 0, false, true,
	  "Brands it is for; absent: all." },
	{ IN_POLICY, "warn", IS_DUR, NULL, 1, YEAR, false, true,
	  "When the one who has it is warned, or the team." },
	{ IN_POLICY, "first", IS_DUR, NULL, 1, YEAR, false, true, "When a first answer is due." },
	{ IN_POLICY, "next", IS_DUR, NULL, 1, YEAR, false, true,
	  "When a next answer is due; absent: as first." },
	{ IN_POLICY, "stop", IS_DUR, NULL, 1, YEAR, false, true,
	  "The hard stop, always by the calendar." },
	{ IN_POLICY, "clock", IS_TEXT, "office", 0, 0, false, true, "office or calendar." },
	{ IN_POLICY, "notify", IS_TEXTS, NULL, 0, 0, false, true,
	  "Channels that are told; absent: health.notify." },
	{ IN_POLICY, "escalate", IS_TEXTS, NULL, 0, 0, false, true,
	  "Channels that are told when nobody acts; absent: notify." },

	{ IN_CHANNEL, "type", IS_TEXT, NULL, 0, 0, true, true, "journal, webhook or smtp." },
	{ IN_CHANNEL, "url", IS_TEXT, NULL, 0, 0, false, true,
	  "Of a webhook: an https address, or a reference to where it is kept." },
	{ IN_CHANNEL, "secret", IS_REFERENCE, NULL, 0, 0, false, true,
	  "Of a webhook: what its messages are signed with." },
	{ IN_CHANNEL, "other_secret", IS_REFERENCE, NULL, 0, 0, false, true,
	  "Of a webhook: a second secret that signs beside the first, while receivers change from "
	  "one to the other." },
	{ IN_CHANNEL, "port", IS_NUMBER, "443", 1, 65535, false, true,
	  "Of a webhook: a port that its address may name beside 443 and 8443." },
	{ IN_CHANNEL, "server", IS_TEXT, NULL, 0, 0, false, true,
	  "Of mail: smtps://HOST[:PORT], or smtp:// with STARTTLS." },
	{ IN_CHANNEL, "user", IS_TEXT, NULL, 0, 0, false, true, "Of mail: the login." },
	{ IN_CHANNEL, "password", IS_REFERENCE, NULL, 0, 0, false, true,
	  "Of mail: where its password is." },
	{ IN_CHANNEL, "from", IS_TEXT, NULL, 0, 0, false, true, "Of mail: the sender." },
	{ IN_CHANNEL, "to", IS_TEXTS, NULL, 0, 0, false, true, "Of mail: the receivers." },
	{ IN_CHANNEL, "insecure_loopback", IS_BOOL, "false", 0, 0, false, true,
	  "Accept an unprotected literal loopback address, any port." },
	{ IN_CHANNEL, "allow_private", IS_BOOL, "false", 0, 0, false, true,
	  "The server stands in a private network (10.0.0.0/8 and the like)." },
	{ IN_CHANNEL, "events", IS_TEXTS, NULL, 0, 0, false, true,
	  "Of a webhook for programs of yours: it is told events of these families instead of "
	  "alerts: message, wait, reply, conversation." },
	{ IN_CHANNEL, "quiet", IS_TEXTS, NULL, 0, 0, false, true,
	  "Quiet hours, as in \"Mon-Sun 22:00-07:00\": what is to be told then waits for their end "
	  "and comes as one telling. Hard stops and the heartbeat pass." },
	{ IN_CHANNEL, "timezone", IS_TEXT, "UTC", 0, 0, false, true,
	  "The zone of the quiet hours, by its IANA name." },
	{ IN_CHANNEL, "group_interval", IS_DUR, "30s", 1, DAY, false, true,
	  "At most one telling of a group of alerts in this time." },

	{ IN_HEALTH, "notify", IS_TEXTS, NULL, 0, 0, false, true,
	  "Channels that are told about listening's own health." },
	{ IN_HEALTH, "escalate", IS_TEXTS, NULL, 0, 0, false, true,
	  "Channels that are told when nobody acknowledges that listening fails; absent: notify." },
	{ IN_HEALTH, "repeat", IS_DUR, "1h", 60, 30 * DAY, false, true,
	  "How long nobody may acknowledge it until they are told, and told again." },
	{ IN_HEALTH, "silent_after", IS_DUR, "6h", 60, 30 * DAY, false, true,
	  "A source that says nothing for so long, and longer than it ever did, is looked at." },
	{ IN_HEALTH, "heartbeat", IS_GROUP, NULL, 0, 0, false, true,
	  "A sign of life to an outside watcher." },

	{ IN_HEARTBEAT, "channel", IS_TEXT, NULL, 0, 0, true, true,
	  "The channel it goes through." },
	{ IN_HEARTBEAT, "every", IS_DUR, "5m", 10, DAY, false, true, "How often." },

	{ IN_OIDC, "label", IS_TEXT, NULL, 0, 0, false, true,
	  "What it is called on the sign-in page's button; absent: its name." },
	{ IN_OIDC, "issuer", IS_TEXT, NULL, 0, 0, true, true,
	  "The service's issuer, letter by letter as it calls itself: an https address, below "
	  "which "
	  "stands /.well-known/openid-configuration." },
	{ IN_OIDC, "client_id", IS_TEXT, NULL, 0, 0, true, true,
	  "How the service knows answerd: it gave out this id." },
	{ IN_OIDC, "secret", IS_REFERENCE, NULL, 0, 0, true, true,
	  "The secret that it gave out beside the id; only the worker reads it." },
	{ IN_OIDC, "page", IS_TEXT, NULL, 0, 0, true, true,
	  "Where browsers find the desk, as in https://inbox.example; the service must know this "
	  "address with /oidc behind it as a redirect URI." },
	{ IN_OIDC, "claim", IS_TEXT, "email", 0, 0, false, true,
	  "The claim, of the ID token or of userinfo, that says who somebody is." },
	{ IN_OIDC, "match", IS_TEXT, "email", 0, 0, false, true,
	  "What of a member of staff the claim is: email (answer staff email) or login. After the "
	  "first sign-in the service's own id of the person counts." },
	{ IN_OIDC, "trust_email", IS_BOOL, "false", 0, 0, false, true,
	  "Take the claim email although the service does not say that it has verified it." },
	{ IN_OIDC, "unknown", IS_TEXT, "refuse", 0, 0, false, true,
	  "Who is no member of staff: refuse, or become one with the role auditor or agent." },
	{ IN_OIDC, "scopes", IS_TEXT, "email profile", 0, 0, false, true,
	  "What the service is asked for beside openid, with blanks between." },
	{ IN_OIDC, "port", IS_NUMBER, "443", 1, 65535, false, true,
	  "A port that its addresses may name beside 443 and 8443." },
	{ IN_OIDC, "allow_private", IS_BOOL, "false", 0, 0, false, true,
	  "The service stands in a private network (10.0.0.0/8 and the like)." },
	{ IN_OIDC, "insecure_loopback", IS_BOOL, "false", 0, 0, false, true,
	  "Accept plain http for a literal loopback address, any port." },
};

const size_t n_conf_options = sizeof(conf_options) / sizeof(conf_options[0]);

const struct conf_option *conf_option_find(enum conf_section section, struct text name)
{
	for (size_t i = 0; i < n_conf_options; i++) {
		if (conf_options[i].section == section &&
		    text_eq(text_of(conf_options[i].name), name)) {
			return &conf_options[i];
		}
	}
	return NULL;
}

const char *conf_section_name(enum conf_section section)
{
	switch (section) {
	case IN_TOP: return "";
	case IN_DESK: return "desk";
	case IN_BRAND: return "brands.NAME";
	case IN_ACCOUNT: return "brands.NAME.accounts.NAME";
	case IN_POLICY: return "policies[]";
	case IN_CHANNEL: return "channels.NAME";
	case IN_HEALTH: return "health";
	case IN_HEARTBEAT: return "health.heartbeat";
	case IN_OIDC: return "oidc.NAME";
	}
	return "";
}

#define MAX_WORD 64

int text_distance(struct text a, struct text b)
{
	int row[MAX_WORD + 1];

	if (a.len > MAX_WORD || b.len > MAX_WORD) {
		return MAX_WORD;
	}
	for (size_t j = 0; j <= b.len; j++) {
		row[j] = (int)j;
	}
	for (size_t i = 1; i <= a.len; i++) {
		int diagonal = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= b.len; j++) {
			int change = diagonal + (a.at[i - 1] != b.at[j - 1]);
			int best = row[j] < row[j - 1] ? row[j] + 1 : row[j - 1] + 1;

			diagonal = row[j];
			row[j] = change < best ? change : best;
		}
	}
	return row[b.len];
}
