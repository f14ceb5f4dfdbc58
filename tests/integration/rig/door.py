"""A browser's side of signing in, without a browser: cookie, token of the page, key of each act."""
import http.client
import json
import secrets

from rig.front import Answered

PASSWORD = "correct horse battery staple"


class Person:
    """Somebody at the page: keeps the cookie, says the token."""

    def __init__(self, port, login=None, headers=None):
        self.port, self.login, self.headers = port, login, dict(headers or {})
        self.cookie = self.csrf = None

    def ask(self, method, path, body=None, headers=None, key=True, csrf=True):
        head = dict(self.headers)
        if body is not None:
            head["Content-Type"] = "application/json"
        if self.cookie:
            head["Cookie"] = f"__Host-session={self.cookie}"
        if method != "GET":
            if csrf and self.csrf:
                head["X-CSRF-Token"] = self.csrf
            if key:
                head["Idempotency-Key"] = secrets.token_hex(12)
        head.update(headers or {})
        conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            conn.request(method, "/api/v1/" + path, None if body is None else json.dumps(body), {k: v for k, v in head.items() if v is not None})
            answer = Answered(conn.getresponse())
        finally:
            conn.close()
        self.take(answer)
        return answer

    def take(self, answer):
        """What a browser and the page keep of an answer."""
        cookie = answer.headers.get("Set-Cookie")
        if cookie:
            name, _, rest = cookie.partition("=")
            assert name == "__Host-session" and "; Path=/; Secure; HttpOnly; SameSite=Strict" in cookie and "Domain" not in cookie
            self.cookie = rest.split(";")[0] or None
            self.csrf = answer.json.get("csrf") if answer.status == 200 else None

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.ask("POST", path, {} if body is None else body, **more)

    def sign_in(self, password=PASSWORD, **more):
        return self.ask("POST", "session", {"login": self.login, "password": password, **more}, key=False)


def token_of(link):
    return link.rpartition("/#/link/")[2]


def newcomer(shop, login, role="agent", password=PASSWORD):
    """A person added on the Unix socket, who came in by their link and set a password."""
    link = shop.answer("staff", "add", login, "--role", role, code=0).json["link"]
    person = Person(shop.port, login)
    answer = person.post("session/link", {"token": token_of(link)}, key=False)
    assert answer.status == 200, answer.body
    answer = person.post("session/password", {"password": password})
    assert answer.status == 200, answer.body
    return person


def code(secret, at, digits=6):
    """RFC 6238, from its text alone."""
    import base64
    import hashlib
    import hmac
    mac = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)), int(at // 30).to_bytes(8, "big"), hashlib.sha1).digest()
    at = mac[-1] & 15
    return str((int.from_bytes(mac[at:at + 4], "big") & 0x7FFFFFFF) % 10 ** digits).zfill(digits)
