"""The desk as an HTTP server, over its socket and over TCP (RELIABILITY S6, S7, S9, S22, I10)."""
import os
import socket
import subprocess
import time

from rig import wait_until
from rig.place import program
from rig.front import Answered, UnixConnection, closed_shop, shop  # noqa: F401 (fixtures)

SAFE = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action "
                               "'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def test_every_answer_has_the_safe_headers(shop):
    """S7: on every response of our handler, errors too."""
    c = shop.conversation(shop.say("carl", "Where?"))
    for connection in (None, shop.tcp):
        for method, path, body, headers in (
                ("GET", "/api/v1/queue", None, {}), ("GET", "/healthz", None, {}), ("GET", "/metrics", None, {}), ("GET", "/", None, {}),
                ("GET", "/api/v1/queue?limit=-1", None, {}), ("POST", f"/api/v1/conversations/{c}/claim", {}, {}), ("PUT", "/api/v1/queue", {}, {}),
                ("BREW", "/api/v1/queue", None, {}), ("GET", "/api/v1/../../etc/passwd", None, {}), ("GET", "/api/v1/conversations/9", None, {}),
                ("GET", "/healthz", None, {"Host": "evil.example"}), ("POST", "/api/v1/staff", {"login": "x"}, {"Content-Type": "text/plain"}),
                ("GET", "/api/v1/conversations/1%00", None, {}), ("HEAD", "/healthz", None, {})):
            answer = shop.raw(method, path, body, headers, connection() if connection else None)
            assert {k: answer.headers.get(k) for k in SAFE} == SAFE, (method, path)
            if answer.status >= 400 and method != "HEAD" and path != "/healthz":
                assert answer.headers["Content-Type"] == "application/problem+json"
                assert answer.json["status"] == answer.status and set(answer.json) - {"code", "with"} == {"type", "title", "status", "detail"}


def test_hosts(shop):
    """S9: another name than ours is another site's page (DNS rebinding)."""
    for host, status in ((f"127.0.0.1:{shop.port}", 200), ("localhost", 200), ("LOCALHOST:1", 200), ("evil.example", 421), ("127.0.0.1.evil.example", 421),
                         ("127.0.0.1@evil", 421), ("", 400), ("[::1", 421), ("localhost:99999", 421)):
        assert shop.raw("GET", "/metrics", headers={"Host": host}, connection=shop.tcp()).status == status, host


RAW = [     # what comes in, and which statuses may go out (0: hung up without a word)
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", {200}),
    (b"GET /healthz HTTP/1.1\r\n\r\n", {400}),
    (b"GET /healthz HTTP/1.0\r\n\r\n", {400}),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", {400}),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX Y: 1\r\n\r\n", {400}),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX\x01: 1\r\n\r\n", {400}),
    (b"GET /healthz HTTP/1.1\r\nHost : localhost\r\n\r\n", {400}),
    (b"GET  /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", {200, 400}),
    (b"GET /health\x00z HTTP/1.1\r\nHost: localhost\r\n\r\n", {0, 400, 404}),
    (b"GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", {400}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: -2\r\n\r\n{}", {400}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2x\r\n\r\n{}", {400}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n{}", {400, 413}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\nContent-Type: application/json\r\n\r\n", {413}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 2\r\n\r\n--", {415}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", {400, 501}),
    (b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", {0, 400}),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello", {400}),
    (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {400}),
    (b"GET /healthz?" + b"a" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", {0, 400, 413, 414, 431}),
    (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: %s\r\n" % (i, b"y" * 100) for i in range(500)) + b"\r\n", {0, 400, 413, 431}),
    (b"GET /api/v1/queue?brand=%zz HTTP/1.1\r\nHost: localhost\r\n\r\n", {401}),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 50 + b"\r\n\r\n", {0, 400}),
    (b"\r\n\r\n\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", {0, 200, 400}),
    (b"GET /healthz HTTP/9.9\r\nHost: localhost\r\n\r\n", {0, 400, 505}),
    (b"GET /healthz\r\n\r\n", {0, 400}),
    (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 501}),
    (b"CONNECT evil:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 501}),
    (b"TRACE / HTTP/1.1\r\nHost: localhost\r\nSecret: x\r\n\r\n", {501}),
]


def test_raw_requests(shop):
    """S22: strict parsing; whatever comes in, one clear answer and a desk that lives on."""
    for request, wanted in RAW:
        with socket.create_connection(("127.0.0.1", shop.port), timeout=20) as s:
            said = b""
            try:
                s.sendall(request)
                s.shutdown(socket.SHUT_WR)
                while chunk := s.recv(65536):
                    said += chunk
            except TimeoutError:
                raise AssertionError(f"no word about {request[:100]}") from None
            except OSError:
                pass
        status = int(said.split(b" ")[1]) if said.startswith(b"HTTP/1.") else 0
        assert status in wanted, (request[:100], said[:200])
        assert b"Secret" not in said
        shop.desk.assert_alive()
    # Pipelined requests are answered in order.
    with socket.create_connection(("127.0.0.1", shop.port), timeout=20) as s:
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5)
        said = b""
        while said.count(b"answerd_waiting") < 5:
            said += s.recv(65536)


def test_parameters(shop):
    """S6: hostile values are values; unknown parameters are said to be unknown."""
    shop.say("carl", "Where?")
    for path, status in (("queue?brand=';drop+table+answerd.message--", 400), ("queue?by=age;select", 400), ("queue?limit=9999999999999999999999", 400),
                         ("queue?limit=1&limit=2", 400), ("queue?after=1.1", 200), ("queue?after=u1.1", 400), ("queue?by=due&after=1.1", 400), ("queue?by=due&after=inf.1.1", 200), ("queue?by=due&after=1.1.1", 200), ("queue?after=999999999999999999999.1", 400),
                         ("queue?all=maybe", 400), ("queue?brand=%ff", 400), ("queue?brand=%00", 400), ("queue?x=1", 400),
                         ("conversations/1%2f..", 404), ("conversations/-1", 404), ("conversations/99999999999999999999", 404), ("customers/x", 404),
                         ("ledger?from=yesterday", 400), ("ledger?from=2026-11-20", 200), ("ledger?account=none", 400), ("verify?after=x", 400), ("verify?after=https://x.example/", 400), ("verify?after=audit:0:x", 400),
                         ("verify?after=messages:99999999999999999999999:x", 400), ("quarantine?after=x", 400), ("queue?platform=" + "x" * 7000, 200)):
        assert shop.raw("GET", "/api/v1/" + path).status == status, path
    for body in ([], "x", 1, None):
        assert shop.raw("POST", "/api/v1/staff", body if body is not None else {}).status == 400
    for text in ('{"login": "a", "login": "b"}', "{", '{"login": 1}', '{"login": "\\ud800"}', "[" * 100, '{"login":"' + "a" * 70000 + '"}'):
        conn = UnixConnection(shop.config.socket)
        conn.request("POST", "/api/v1/staff", text, {"Content-Type": "application/json"})
        assert Answered(conn.getresponse()).status == 400, text[:40]
    assert shop.db.one("select count(*) from answerd.message") == 1


def test_many_connections_of_one_address(shop):
    """I10: 32 of one address; the Unix socket is not touched by it."""
    held = []
    try:
        for _ in range(40):
            s = socket.create_connection(("127.0.0.1", shop.port), timeout=5)
            held.append(s)
        served = 0
        for s in held:
            try:
                s.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
                s.settimeout(10)
                served += s.recv(100).startswith(b"HTTP/1.1 200")
            except OSError:
                pass
        assert served == 32
        assert shop.answer("queue").code == 0
    finally:
        for s in held:
            s.close()
    def has_room():
        try:
            return shop.raw("GET", "/metrics", connection=shop.tcp()).status == 200
        except OSError:
            return False  # the last of the old ones are still being counted
    wait_until(has_room, 20, "room again")


def test_who_drips_loses_the_place(shop):
    """A request, its head or its body, is whole within half a minute (looked at every 5 s); a connection that is used may stay."""
    request = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    heads = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"a" * 1000
    body = b"POST /api/v1/session HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n" + b" " * 1000
    began, ended = time.monotonic(), {}
    with socket.create_connection(("127.0.0.1", shop.port), timeout=20) as used, \
            socket.create_connection(("127.0.0.1", shop.port)) as head, socket.create_connection(("127.0.0.1", shop.port)) as bodily:
        dripping = {head: iter(heads), bodily: iter(body)}
        bodily.sendall(bytes(next(dripping[bodily]) for _ in range(body.index(b"\r\n\r\n") + 4)))
        while len(ended) < 2 and time.monotonic() < began + 60:
            for s, rest in dripping.items():
                if s not in ended:
                    try:
                        s.sendall(bytes([next(rest)]))
                    except OSError:
                        ended[s] = time.monotonic() - began
            used.sendall(request)
            assert used.recv(65536).startswith(b"HTTP/1.1 200")
            time.sleep(1)
    assert len(ended) == 2 and all(25 < seconds < 50 for seconds in ended.values()), ended.values()


def test_reading_changes_nothing(shop):
    """S9: GET changes nothing."""
    c = shop.conversation(shop.say("carl", "Where?"))
    sums = "select string_agg(t, '') from (select md5(string_agg(x::text, '' order by x::text)) t from answerd.{} x) y"
    before = [shop.db.one(sums.format(t)) for t in ("conversation", "message", "audit", "note", "idempotency", "staff", "account")]
    for path, methods in shop.raw("GET", "/api/v1/openapi.json").json["paths"].items():
        if "get" not in methods or "text/event-stream" in methods["get"]["responses"]["200"].get("content", {}):
            continue  # that one has no end
        shop.raw("GET", "/api/v1" + path.replace("{id}", c))
    assert before == [shop.db.one(sums.format(t)) for t in ("conversation", "message", "audit", "note", "idempotency", "staff", "account")]
    assert shop.raw("POST", f"/api/v1/conversations/{c}/claim", {}, {"Sec-Fetch-Site": "cross-site"}).status == 403


def test_sockets_from_systemd(closed_shop):
    """LISTEN_FDS: the service manager binds, the desk serves, and the socket's file is not the desk's to remove."""
    shop = closed_shop
    shop.config.write()
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(shop.config.socket))
        s.listen(8)

        def hand_over():
            os.dup2(s.fileno(), 3)

        with open(shop.desk.log_path, "wb") as log:
            process = subprocess.Popen(["sh", "-c", f"export LISTEN_PID=$$ LISTEN_FDS=1; exec {program('answerd-desk')} --config {shop.config.path}"],
                                       preexec_fn=hand_over, close_fds=False, stderr=log)
        try:
            wait_until(lambda: shop.answer("queue").code == 0, 10, "it serves")
        finally:
            process.terminate()
            assert process.wait(10) == 0, shop.desk.log()
    assert shop.config.socket.exists()


def test_stopped_while_requests_arrive(shop):
    """Whoever is connected and asks in the very moment in which the desk ends: it ends well."""
    for _ in range(5):
        clients = [UnixConnection(shop.config.socket) for _ in range(40)]
        for c in clients:
            c.connect()
        wait_until(lambda: shop.desk.ask("queue?limit=1")[0] == 200, 10, "all are accepted")
        shop.desk.process.terminate()
        for c in clients:
            try:
                c.request("GET", "/api/v1/openapi.json")
            except OSError:
                break       # it is gone
            time.sleep(0.0002)
        assert shop.desk.process.wait(20) == 0, shop.desk.log()
        for c in clients:
            c.close()
        shop.desk.start().wait_ready()
