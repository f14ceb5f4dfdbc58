"""What all simulated interfaces of Google share: consent at /auth, sessions at /token (codes, refresh tokens, and claims of service accounts), errors, tokens of pages.

Options: `access_ttl_s` (3600) · `quota` units before 403 quotaExceeded."""
import base64
import hashlib
import json

from consent import Consent
from wire import Reply
from world import Server

SCOPES = {"youtube": "https://www.googleapis.com/auth/youtube.force-ssl", "google-business": "https://www.googleapis.com/auth/business.manage",
          "google": "https://mail.google.com/ https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access"}


def fail(code, reason, status, message="on order"):
    return Reply.json({"error": {"code": code, "message": message, "errors": [{"message": message, "domain": "global", "reason": reason}],
                                 "status": status}}, code)


def place_of(token, question):
    """A token belongs to its question, and stands for a place in it: what comes meanwhile moves nothing. None: it is no good."""
    try:
        asked, _, place = base64.urlsafe_b64decode(token).decode().rpartition("|")
        return tuple(int(n) for n in place.split(",")) if asked == question else None
    except ValueError:
        return None


def token_of(question, *place):
    return base64.urlsafe_b64encode(f"{question}|{','.join(map(str, place))}".encode()).decode()


class GoogleServer(Server):
    def __init__(self, world, name, op):
        self.n_ids = 0
        self.access = {}            # access token -> (person, until)
        self.n_access = 0
        self.units = 0
        super().__init__(world, name, op)

    def grant(self, person, op):
        token = op.get("token")
        if not isinstance(token, str):
            token = "1//" + hashlib.sha256(f"{self.name}/{person.key}".encode()).hexdigest()[:32]
        op["token"] = token
        self.tokens[token] = [person, "ok"]
        return {"token": f"town.apps.example:GOCSPX-town:{token}"}

    def set_tokens(self, person, state, op):
        for entry in self.tokens.values():
            if entry[0] is person:
                entry[1] = state
        self.access = {k: v for k, v in self.access.items() if v[0] is not person}

    # ---- nothing of this happens here
    def notify(self, post, op):
        pass

    def react(self, post, person, kind, op):
        pass

    def reparented(self, post):
        post.stale()

    def forget(self, post):
        pass


class Google(GoogleServer):
    """Nothing but the door: who lets a program into a mailbox (mail.py's option `oauth` names it); Microsoft's, too. Option `expire`: all
    access tokens end now."""
    kind = "google"

    @property
    def base(self):
        return f"{self.world.base}/go/{self.name}"

    def set_options(self, op):
        super().set_options(op)
        if self.options.pop("expire", False):
            self.access.clear()

    def settle(self, person, op):
        person.id = op["id"] = op.get("id") or person.key


class GoogleApi:
    def __init__(self, server):
        self.s = server
        self.consent = Consent(server)
        self.consent.client("town.apps.example", "GOCSPX-town", ["http://127.0.0.1"], SCOPES[server.kind].split())

    def handle(self, request, path):
        s = self.s
        if path == "/token" and request.method == "POST":
            return self.session(request)
        if path == "/auth":
            return self.consent.authorize(request)
        person, until = s.access.get(request.bearer(), (None, 0))
        if person is None or until <= s.world.now_ms():
            return fail(401, "authError", "UNAUTHENTICATED", "Request had invalid authentication credentials.")
        request.viewer = person.key
        s.units += self.cost(request)
        if s.units > s.options.get("quota", 10**9):
            return fail(403, "quotaExceeded", "RESOURCE_EXHAUSTED")
        return self.answer(request, path, person)

    def cost(self, request):
        return 1

    def holder(self, form):
        """Whose session is asked for; a claim is read, not checked (the units check how it is signed)."""
        if form.get("grant_type") == "refresh_token" and form.get("client_secret") == "GOCSPX-town":
            person, state = self.s.tokens.get(form.get("refresh_token"), (None, ""))
            return person if state == "ok" else None
        if form.get("grant_type") == "urn:ietf:params:oauth:grant-type:jwt-bearer":
            claims = form.get("assertion", "..").split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
            if abs(claims["iat"] * 1000 - self.s.world.now_ms()) > 300_000:
                return None
            return self.s.people.get(claims["iss"].split("@")[0])
        return None

    def session(self, request):
        s, more = self.s, {}
        person = self.holder(request.form())
        if request.form().get("grant_type") == "authorization_code":
            code, no = self.consent.redeem(request)
            if no is not None:
                return no
            token = self.consent.begin(code["family"])
            s.tokens[token] = [code["person"], "ok"]
            person, more = code["person"], {"refresh_token": token, "scope": " ".join(code["scopes"])}
        if person is None:
            return Reply.json({"error": "invalid_grant", "error_description": "Token has been expired or revoked."}, 400)
        s.n_access += 1
        ttl = s.options.get("access_ttl_s", 3600)
        token = f"ya29.{s.name}.{s.n_access}.{s.world.now_ms()}"
        s.access[token] = (person, s.world.now_ms() + ttl * 1000)
        return Reply.json({"access_token": token, "expires_in": ttl, "token_type": "Bearer", "scope": s.options.get("scope", SCOPES[s.kind]), **more})
