"""A sign-in service (OpenID Connect) that lies on order: `Provider(person={...})`, then `provider.lie = "nonce"` for the next token. A thread
of its own, on loopback; its book says who asked what. It is strict itself: PKCE, redirect, client, each code once."""
import base64
import hashlib
import hmac
import http.server
import json
import secrets
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT, SECRET = "desk 1", "s+cr/t &=%:ü"
SHIFTS = {"expired": ("exp", -3600), "early": ("iat", 3600), "nbf": ("nbf", 3600)}


def b64(data):
    if not isinstance(data, bytes):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


class Key:
    def __init__(self, kid, alg="RS256"):
        self.kid, self.alg = kid, alg
        self.private = rsa.generate_private_key(65537, 2048) if alg == "RS256" else ec.generate_private_key(ec.SECP256R1())

    def public(self):
        n = self.private.public_key().public_numbers()
        if self.alg == "RS256":
            return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256", "n": number(n.n), "e": number(n.e)}
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, "use": "sig", "x": number(n.x, 32), "y": number(n.y, 32)}

    def pem(self):
        return self.private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, what):
        if self.alg == "RS256":
            return self.private.sign(what, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(what, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def token(self, claims, **header):
        head = {k: v for k, v in {"alg": self.alg, "typ": "JWT", "kid": self.kid, **header}.items() if v is not None}
        signed = f"{b64(head)}.{b64(claims)}"
        return f"{signed}.{b64(self.sign(signed.encode()))}"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def reply(self, status, value=None, headers=()):
        body = value if isinstance(value, bytes) else json.dumps(value).encode() if value is not None else b""
        self.send_response(status)
        for name, text in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def do(self):
        p = self.server.provider
        url = urllib.parse.urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        form = dict(urllib.parse.parse_qsl(self.rfile.read(length).decode(), keep_blank_values=True))
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        p.book.append((self.command, url.path, {**query, **form}, dict(self.headers)))
        status = p.statuses.get(url.path, 200)
        if p.slow.get(url.path):
            p.awake.wait(p.slow[url.path])
        if status != 200:
            self.reply(status, {"error": "server_error"})
        elif (self.command, url.path) == ("GET", "/.well-known/openid-configuration"):
            self.reply(200, p.described())
        elif (self.command, url.path) == ("GET", "/keys"):
            self.reply(200, {"keys": [k.public() for k in p.shown]})
        elif (self.command, url.path) == ("GET", "/authorize"):
            self.reply(302, headers=[("Location", p.authorized(query))])
        elif (self.command, url.path) == ("GET", "/person"):
            known = self.headers.get("Authorization") == "Bearer not for us"
            self.reply(404 if not p.is_thin else 200 if known else 401, {**p.person, **p.told} if known else {"error": "invalid_token"})
        elif (self.command, url.path) == ("POST", "/token"):
            self.reply(*p.exchanged(form, self.headers))
        else:
            self.reply(404, {"error": "not_found"})

    do_GET = do_POST = do


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


class Provider:
    def __init__(self, person=None, port=0):
        self.rsa, self.other, self.ec = Key("k1"), Key("k2"), Key("e1", "ES256")
        self.awake = threading.Event()
        self.port = port
        self.open()
        self.reset(person)

    def reset(self, person=None):
        """As on the first day."""
        self.person = person or {"sub": "u1", "email": "ann@acme.example", "email_verified": True, "name": "Ann Ash"}
        self.key, self.shown = self.rsa, [self.rsa, self.ec]
        self.lie, self.error, self.error_once = None, None, None
        self.book, self.codes, self.statuses, self.slow, self.said = [], {}, {}, {}, {}
        self.names_itself = True
        self.is_thin, self.told = False, {}     # tokens without a person: who it is says /person, to who has the access token

    @property
    def issuer(self):
        return f"http://127.0.0.1:{self.port}"

    def open(self):
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.server.provider = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        """Nobody listens there any more."""
        self.awake.set()
        self.server.shutdown()
        self.server.server_close()
        self.awake.clear()

    # ---- what it says
    def described(self):
        at = self.issuer
        return {"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "jwks_uri": at + "/keys",
                "response_types_supported": ["code"], "id_token_signing_alg_values_supported": ["RS256", "ES256"],
                "authorization_response_iss_parameter_supported": self.names_itself, "userinfo_endpoint": at + "/person", **self.said}

    def authorized(self, query):
        """Where the browser is sent: the person is asked nothing."""
        assert query["response_type"] == "code" and query["client_id"] == CLIENT and query["code_challenge_method"] == "S256", query
        assert "openid" in query["scope"].split() and len(query["state"]) >= 22 and len(query["nonce"]) >= 22
        back = {"state": query["state"]}
        if self.error is not None:
            back["error"] = self.error
        else:
            back["code"] = secrets.token_urlsafe(24)
            self.codes[back["code"]] = {**query, "at": time.time()}
        if self.names_itself:
            back["iss"] = self.issuer if self.lie != "response iss" else "https://other.example"
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(back)

    def exchanged(self, form, headers):
        scheme, _, basic = (headers.get("Authorization") or "").partition(" ")
        ident, _, secret = base64.b64decode(basic).decode().partition(":") if scheme == "Basic" else (form.get("client_id", ""), "", form.get("client_secret", ""))
        if (urllib.parse.unquote_plus(ident), urllib.parse.unquote_plus(secret)) != (CLIENT, SECRET) and (ident, secret) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        granted = self.codes.pop(form.get("code"), None)
        challenge = b64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if granted is None or form.get("grant_type") != "authorization_code" or granted["redirect_uri"] != form.get("redirect_uri") or challenge != granted["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if self.lie == "no token":
            return 200, {"access_token": "x", "token_type": "Bearer"}
        if self.lie == "no json":
            return 200, b"<html>welcome</html>"
        return 200, {"access_token": "not for us", "token_type": "Bearer", "expires_in": 60, "id_token": self.id_token(granted)}

    def id_token(self, granted):
        now, lie = int(time.time()), self.lie
        claims = {"iss": self.issuer, "aud": CLIENT, "nonce": granted["nonce"], "iat": now, "exp": now + 300,
                  **({"sub": self.person["sub"]} if self.is_thin else self.person)}
        if "max_age" in granted:
            claims["auth_time"] = now - (7200 if lie == "stale" else 0)
        wrong = {"nonce": {"nonce": "another"}, "no nonce": {"nonce": None}, "aud": {"aud": "somebody else"}, "azp": {"aud": [CLIENT, "x"], "azp": "x"},
                 "no azp": {"aud": [CLIENT, "x"]}, "iss": {"iss": self.issuer + "/"}, "no sub": {"sub": None}, "no exp": {"exp": None}, "exp text": {"exp": str(now + 300)},
                 "no email": {"email": None}, "unverified": {"email_verified": False}, "not said": {"email_verified": None}, "lines": {"email": "a\n@x.example"},
                 "long": {"email": "a" * 300 + "@x.example"}, "list": {"aud": [CLIENT]}, "both": {"aud": [CLIENT, "x"], "azp": CLIENT}}.get(lie, {})
        if lie in SHIFTS:
            wrong = {SHIFTS[lie][0]: now + SHIFTS[lie][1]}
        claims = {k: v for k, v in {**claims, **wrong}.items() if v is not None}
        if lie == "none":
            return f'{b64({"alg": "none"})}.{b64(claims)}.'
        if lie == "none signed":
            return self.key.token(claims, alg="none")
        if lie in ("hs256", "hs256 jwk"):
            signed = f'{b64({"alg": "HS256", "kid": self.key.kid})}.{b64(claims)}'
            public = self.key.pem() if lie == "hs256" else json.dumps(self.key.public()).encode()
            return f"{signed}.{b64(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"
        if lie == "other key":
            return self.other.token(claims, kid=self.key.kid)
        if lie == "unknown kid":
            return self.other.token(claims)
        if lie == "no kid":
            return self.key.token(claims, kid=None)
        if lie == "crit":
            return self.key.token(claims, crit=["exp"])
        if lie == "rs as es":
            return self.key.token(claims, alg="ES256", kid=self.ec.kid)
        token = self.key.token(claims)
        if lie == "changed":
            head, _, signature = token.split(".")
            return f'{head}.{b64({**claims, "email": "root@acme.example"})}.{signature}'
        if lie == "cut":
            return token[:-20]
        if lie == "twice":  # a member that is there twice: which one counts?
            doubled = json.dumps(claims)[:-1] + ', "email": "root@acme.example"}'
            signed = f'{b64({"alg": self.key.alg, "kid": self.key.kid})}.{b64(doubled.encode())}'
            return f"{signed}.{b64(self.key.sign(signed.encode()))}"
        return token
