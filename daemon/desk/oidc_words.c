/* What went wrong when somebody came back from a sign-in service, and what they can do: a word of store/rules/57_oidc.sql or daemon/vouch, and
 * its sentence. */
#include "daemon/desk/oidc.h"

#define PLACE_BYTES 500

static const struct {
	const char *failure;
	int status;
	const char *sentence; /* %: the service, @: what it calls the person */
} words[] = {
	{ "aud", 401,
	  "What % said was not meant for this desk, so it counts for nothing. Tell an admin." },
	{ "away", 503,
	  "% cannot be reached, or does not answer as it should. Begin again in a minute, or use "
	  "your password." },
	{ "browser", 401,
	  "This sign-in was begun in another browser, or its cookie is gone. Begin it here, with "
	  "the button." },
	{ "claim", 401,
	  "% does not say who you are in a way that this desk knows. Tell an admin." },
	{ "client", 503,
	  "% does not accept this desk: an admin must mend the client's id or secret in the "
	  "configuration. Until then use your password." },
	{ "code", 401, "% does not know this sign-in any more. Begin again with the button." },
	{ "denied", 401,
	  "% says that you did not agree, or may not use this desk. Begin again, or ask who looks "
	  "after % to let you in." },
	{ "disabled", 401,
	  "Your account here is disabled. A colleague who is an admin can change that." },
	{ "early", 401,
	  "The clocks of % and of this desk differ by more than a minute. Tell an admin." },
	{ "expired", 401,
	  "What % said was over when it came. Begin again; if it repeats, a clock is wrong: tell "
	  "an admin." },
	{ "iss", 401,
	  "The answer is not from %, so it counts for nothing. Begin again with the button; if it "
	  "repeats, tell an admin." },
	{ "key", 401,
	  "% signed with a key that it does not name as its own. Begin again in a minute; if it "
	  "repeats, tell an admin." },
	{ "late", 401, "That took more than ten minutes. Begin again with the button." },
	{ "nonce", 401,
	  "What % said belongs to another sign-in, so it counts for nothing. Begin again with the "
	  "button." },
	{ "other", 401,
	  "% knows you under another account than the last time. If that is right, an admin can "
	  "take the new one: answer staff email LOGIN ADDRESS." },
	{ "refused", 401, "% did not sign you in. Begin again; if it repeats, tell an admin." },
	{ "replayed", 401, "This sign-in was used already. Begin again with the button." },
	{ "signature", 401,
	  "What % said is not signed as it should be, so it counts for nothing. Tell an admin." },
	{ "slow", 503, "% did not answer in time. Begin again in a minute, or use your password." },
	{ "stale", 401,
	  "% does not say that you have proved who you are just now. Begin again, or use your "
	  "password." },
	{ "state", 401,
	  "This sign-in is not known here, or is more than ten minutes old. Begin again with the "
	  "button." },
	{ "taken", 401,
	  "There is a colleague with the login that @ would get. An admin can say who you are: "
	  "answer staff email LOGIN ADDRESS." },
	{ "token", 401, "% answered with something else than who you are. Tell an admin." },
	{ "unknown", 401,
	  "% knows you as @, but nobody here has that name. Ask a colleague who is an admin to add "
	  "you: answer staff add LOGIN, answer staff email LOGIN ADDRESS." },
	{ "unverified", 401,
	  "% has not verified that your e-mail address is yours. Confirm it there, then begin "
	  "again." },
};

static struct text fill(struct arena *a, const char *sentence, struct text label, struct text claim)
{
	scoped(strbuf_done) struct strbuf b = { .max_bytes = 4096 };

	for (const char *at = sentence; *at != '\0'; at++) {
		if (*at == '%') {
			strbuf_add(&b, text_is_empty(label) ? TEXT("The service") : label);
		} else if (*at == '@') {
			strbuf_add(&b,
				   text_is_empty(claim) ? TEXT("nobody") : text_clip(claim, 254));
		} else {
			strbuf_add_byte(&b, *at);
		}
	}
	return text_dup(a, strbuf_text(&b));
}

int oidc_words(struct arena *a, struct text failure, struct text label, struct text claim,
	       struct text *ret)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (text_eq(failure, text_of(words[i].failure))) {
			*ret = fill(a, words[i].sentence, label, claim);
			return words[i].status;
		}
	}
	*ret = TEXT(
		"That sign-in failed. Begin again with the button; if it repeats, tell an admin.");
	return 401;
}

struct text oidc_place(struct text wanted)
{
	struct text top = TEXT("/");

	if (wanted.len == 0 || wanted.len > PLACE_BYTES || wanted.at[0] != '/' ||
	    text_starts(wanted, TEXT("//")) || text_starts(wanted, TEXT("/oidc"))) {
		return top;
	}
	for (size_t i = 0; i < wanted.len; i++) {
		if (wanted.at[i] <= ' ' || wanted.at[i] > '~' || wanted.at[i] == '\\') {
			return top;
		}
	}
	return wanted;
}
