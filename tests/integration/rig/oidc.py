"""Signing in by a service, without a browser: `Guest` is one that keeps its cookies; `the_real_one` is npm's oidc-provider."""
import http.client
import http.cookiejar
import importlib.util
import os
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import pytest

from rig.door import Person
from rig.ears import free_port
from rig.place import REPO, SIM, build_dir
from rig.wait import wait_until

sys.path.append(str(SIM))
from provider import CLIENT, SECRET, Provider  # noqa: E402

REAL = REPO / "tests" / "real" / "oidc"
REAL_CLIENT, REAL_SECRET = "answerd", "of answerd: +/=&%"


class Guest(Person):
    """Somebody whose browser has nothing but what the desk and the service gave it. Each from an address of its own."""
    n = 0

    def __init__(self, port, address=None):
        Guest.n += 1
        super().__init__(port, headers={"X-Forwarded-For": address or f"2001:db8:{Guest.n:x}::1"})
        self.browser = None

    def ask(self, method, path, body=None, headers=None, key=False, csrf=True):
        both = [f"__Host-session={self.cookie}"] * bool(self.cookie) + [f"__Host-sign-in={self.browser}"] * bool(self.browser)
        return super().ask(method, path, body, {"Cookie": "; ".join(both) or None, **(headers or {})}, key, csrf)

    def take(self, answer):
        cookie = answer.headers.get("Set-Cookie", "")
        if cookie.startswith("__Host-sign-in="):
            assert cookie.endswith("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600") and "Domain" not in cookie
            self.browser = cookie.split("=", 1)[1].split(";")[0]
        else:
            super().take(answer)

    def begin(self, provider="acme", **more):
        return self.ask("POST", "session/oidc", {"provider": provider, **more})

    def go(self, address, page):
        """At the service, which asks nothing; what the browser is sent back with."""
        url = urllib.parse.urlsplit(address)
        line = http.client.HTTPConnection(url.netloc, timeout=20)
        try:
            line.request("GET", f"{url.path}?{url.query}")
            answer = line.getresponse()
            assert answer.status == 302, (answer.status, answer.read())
            return came_back(answer.headers["Location"], page)
        finally:
            line.close()

    def done(self, back):
        return self.ask("POST", "session/oidc/done", back)

    def sign_in_by(self, page, provider="acme", **more):
        """The whole way."""
        begun = self.begin(provider, **more)
        assert begun.status == 200, begun.body
        return self.done(self.go(begun.json["address"], page))


def came_back(location, page):
    assert location.startswith(page + "/oidc?"), location
    return dict(urllib.parse.parse_qsl(location.partition("?")[2]))


def offer(config, page, provider, name="acme", secret=SECRET, client=CLIENT, **more):
    """The service stands in the configuration."""
    file = config.folder / f"{name}.secret"
    file.write_text(secret + "\n", encoding="utf-8")
    file.chmod(0o600)
    config.oidc[name] = {"label": "Acme & Co", "issuer": getattr(provider, "issuer", provider), "client_id": client, "secret": f"file:{file}", "page": page, "insecure_loopback": True, **more}


class Real:
    """npm's oidc-provider on loopback."""

    def __init__(self, page, folder):
        spec = importlib.util.spec_from_file_location("modules", REPO / "daemon" / "desk" / "web" / "modules.py")
        modules = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(modules)
        kept = os.environ.pop("ANSWERD_WEB_MODULES", None)  # those are the page's
        try:
            place = modules.fetch(build_dir() / "test" / "oidc", REAL)
        except SystemExit as why:
            pytest.skip(f"npm's oidc-provider cannot be had: {str(why).strip().splitlines()[-1]}")
        finally:
            if kept is not None:
                os.environ["ANSWERD_WEB_MODULES"] = kept
        program = place.parent / "provider.mjs"  # beside its modules, or node does not find them
        program.write_bytes((REAL / "provider.mjs").read_bytes())
        self.port, self.log = free_port(), folder / "oidc-provider.log"
        self.issuer = f"http://127.0.0.1:{self.port}"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(["node", str(program), str(self.port), page + "/oidc"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: b"listening" in self.log.read_bytes() or self.process.poll() is not None, 60, "oidc-provider listens", every=0.1)
        assert self.process.poll() is None, self.log.read_text(encoding="utf-8")

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(15)


def through_the_forms(address, login, page):
    """A person at the real one's pages: signs in, agrees, is sent back."""
    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, req, fp, code, msg, headers, newurl):
            return None if newurl.startswith(page) else super().redirect_request(req, fp, code, msg, headers, newurl)
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()), Stay)
    at, form = address, None
    for _ in range(6):
        try:
            answer = browser.open(at, form, timeout=20)
        except urllib.error.HTTPError as sent:
            assert sent.code in (302, 303) and sent.headers["Location"].startswith(page), (sent.code, sent.read()[:500])
            return came_back(sent.headers["Location"], page)
        words = answer.read().decode()
        at = urllib.parse.urljoin(answer.url, re.search(r'action="([^"]+)"', words).group(1))
        prompt = re.search(r'name="prompt" value="(\w+)"', words).group(1)
        form = urllib.parse.urlencode({"prompt": prompt, **({"login": login, "password": "x"} if prompt == "login" else {})}).encode()
    raise AssertionError(f"the service does not send the browser back: {at}")


__all__ = ["CLIENT", "Guest", "Provider", "REAL_CLIENT", "REAL_SECRET", "Real", "SECRET", "came_back", "offer", "through_the_forms"]
