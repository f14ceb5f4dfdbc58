"""A platform's page of consent, and its tokens: OAuth 2 with PKCE, as strict as the strictest.

Who signs in, and what they allow, stands in the address that a test opens: the address that answerd printed, and `&town_person=KEY`,
`&town_deny=1`, `&town_scopes=a+b`. Codes are taken once, for ten minutes, from their client, with their redirect and their verifier.
Refresh tokens are single-use where the server has the option `single_use`: one that comes twice ends its whole family."""
import base64
import hashlib
import re
import urllib.parse

from wire import HTML, Reply

CODE_MS = 600_000


def refuse(error, status=400):
    return Reply.json({"error": error, "error_description": f"the town says {error}"}, status)


class Consent:
    def __init__(self, server):
        self.s = server
        self.clients = {}       # id -> (secret, redirects, scopes)
        self.codes = {}         # code -> what was granted
        self.families = {}      # refresh token -> [family, is used]
        self.ended = set()      # families
        self.n = 0

    def secret(self, what):
        """Every one is new, and nobody's guess."""
        self.n += 1
        return hashlib.sha256(f"{self.s.name}/{what}/{self.n}/{self.s.world.now_ms()}".encode()).hexdigest()[:40]

    def client(self, ident, secret, redirects, scopes):
        self.clients[ident] = (secret, redirects, set(scopes))

    def register(self, request):
        """POST /api/v1/apps of Mastodon."""
        form = request.form()
        if not form.get("client_name") or not form.get("redirect_uris"):
            return Reply.json({"error": "Validation failed: Redirect URI can't be blank"}, 422)
        ident, secret = self.secret("client"), self.secret("client secret")
        self.client(ident, secret, form["redirect_uris"].split("\n"), form.get("scopes", "read").split())
        return Reply.json({"id": str(len(self.clients)), "name": form["client_name"], "redirect_uri": form["redirect_uris"], "client_id": ident,
                           "client_secret": secret, "vapid_key": "x"})

    # ---- the person
    def authorize(self, request):
        _, redirects, scopes = self.clients.get(request.arg("client_id"), (None, (), set()))
        redirect, asked = request.arg("redirect_uri"), set(request.arg("scope", "").split())
        is_loopback = "http://127.0.0.1" in redirects and re.fullmatch(r"http://127\.0\.0\.1:\d+/", redirect or "")     # of a desktop client: any port
        if (redirect not in redirects and not is_loopback) or request.arg("response_type") != "code" or not asked <= scopes:
            return Reply(400, b"<html>The redirect uri included is not valid.</html>", HTML)
        if self.s.options.get("pkce") and request.arg("code_challenge_method") != "S256":
            return Reply(400, b"<html>PKCE is required</html>", HTML)
        back = {"state": request.arg("state", "")}
        if request.arg("town_deny"):
            back.update(error="access_denied", error_description="The resource owner denied the request.")
        else:
            granted = asked if request.arg("town_scopes") is None else asked & set(request.arg("town_scopes").split())
            back["code"] = self.secret("code")
            self.codes[back["code"]] = {"client": request.arg("client_id"), "redirect": redirect, "challenge": request.arg("code_challenge"),
                                        "person": self.s.person(request.arg("town_person")), "scopes": sorted(granted), "family": None,
                                        "until": self.s.world.now_ms() + CODE_MS}
        return Reply(302, b"", HTML, [("Location", redirect + ("&" if "?" in redirect else "?") + urllib.parse.urlencode(back))])

    # ---- the client
    def who(self, request, form):
        """The client that asks, or None; id and secret in the body or as HTTP Basic."""
        ident, secret = form.get("client_id"), form.get("client_secret")
        auth = request.headers.get("authorization", "")
        if auth.startswith("Basic "):
            ident, _, secret = (urllib.parse.unquote(p) for p in base64.b64decode(auth[6:]).decode().partition(":"))
        known = self.clients.get(ident)
        return ident if known is not None and known[0] == secret else None

    def redeem(self, request):
        """A code: what it grants, or an answer that says no. One that comes twice ends what the first one brought."""
        form = request.form()
        ident, code = self.who(request, form), self.codes.get(form.get("code"))
        if ident is None:
            return None, refuse("invalid_client", 401)
        if code is None or code["client"] != ident or code["redirect"] != form.get("redirect_uri"):
            return None, refuse("invalid_grant")
        if code["family"] is not None:
            self.ended.add(code["family"])
            return None, refuse("invalid_grant")
        verifier = form.get("code_verifier", "")
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if code["until"] < self.s.world.now_ms() or (code["challenge"] and digest != code["challenge"]):
            return None, refuse("invalid_grant")
        code["family"] = self.secret("family")
        return code, None

    # ---- refresh tokens that are taken once
    def begin(self, family):
        token = "refresh-" + self.secret("refresh")
        self.families[token] = [family, False]
        return token

    def renew(self, token):
        """The next one of the family, or None."""
        entry = self.families.get(token)
        if entry is None or entry[0] in self.ended:
            return None
        if entry[1]:
            self.ended.add(entry[0])
            return None
        entry[1] = True
        return self.begin(entry[0])
