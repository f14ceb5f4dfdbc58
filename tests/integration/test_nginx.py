"""systemd/nginx.example as it stands, with other ports and names, in front of a real desk: TLS, no buffering of events, no repeated acts."""
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

from rig import wait_until
from rig.ears import free_port
from rig.place import REPO

pytestmark = pytest.mark.skipif(shutil.which("nginx", path="/usr/sbin:/usr/bin") is None or shutil.which("openssl") is None,
                                reason="nginx or openssl is not installed")


class Front:
    """nginx with the example."""

    def __init__(self, folder, upstream):
        self.folder, self.tls, self.plain = folder, free_port(), free_port()
        folder.mkdir()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-subj", "/CN=inbox.example",
                        "-addext", "subjectAltName=DNS:inbox.example"], check=True, capture_output=True, timeout=60)
        site = (REPO / "systemd" / "nginx.example").read_text(encoding="utf-8")
        site = re.sub(r"listen \[::\]:.*\n", "\n", site)
        for old, new in (("listen 443 ", f"listen 127.0.0.1:{self.tls} "), ("listen 80;", f"listen 127.0.0.1:{self.plain};"),
                         ("server 127.0.0.1:8700;", f"server 127.0.0.1:{upstream};"),
                         ("/etc/letsencrypt/live/inbox.example/fullchain.pem", str(folder / "cert.pem")),
                         ("/etc/letsencrypt/live/inbox.example/privkey.pem", str(folder / "key.pem"))):
            assert site.count(old) == 1, old
            site = site.replace(old, new)
        temp = "".join(f"{k}_temp_path {folder}/{k};\n" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        user = "user root;\n" if os.geteuid() == 0 else ""
        (folder / "nginx.conf").write_text(f"{user}daemon off;\npid {folder}/pid;\nerror_log {folder}/error.log;\nevents {{}}\n"
                                           f"http {{\naccess_log off;\n{temp}{site}}}\n", encoding="utf-8")
        command = [shutil.which("nginx", path="/usr/sbin:/usr/bin"), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        done = subprocess.run([*command, "-t"], capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0 and "[warn]" not in done.stderr, done.stderr
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.is_open, 20, "nginx listens")

    def is_open(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.tls)) == 0

    def connect(self, **more):
        context = ssl.create_default_context(cafile=self.folder / "cert.pem")
        for key, value in more.items():
            setattr(context, key, value)
        raw = socket.create_connection(("127.0.0.1", self.tls), timeout=20)
        conn = http.client.HTTPConnection("inbox.example")
        conn.sock = context.wrap_socket(raw, server_hostname="inbox.example")
        return conn

    def ask(self, method, path, body=None, host="inbox.example", headers=()):
        conn = self.connect()
        conn.request(method, path, body, {"Host": host, **dict(headers)})
        answer = conn.getresponse()
        text = answer.read()
        conn.close()
        return answer, text

    def end(self):
        self.process.terminate()
        self.process.wait(20)


@pytest.fixture
def desk(house, tmp_path):
    port = free_port()
    house.config.desk = {"listen": [str(house.config.socket), f"127.0.0.1:{port}"], "hosts": ["inbox.example"], "trusted_proxies": ["127.0.0.1"]}
    house.mastodon("social", own="shop", people=("ann",))
    house.begin()
    front = Front(tmp_path / "nginx", port)
    yield front
    front.end()


def test_the_desk_behind_nginx(desk):
    """Health through TLS, the desk's own headers once each, no API without a session, no metrics outside, plain http sent away."""
    wait_until(lambda: desk.ask("GET", "/healthz")[0].status == 200, 20, "healthy through TLS")
    answer, text = desk.ask("GET", "/healthz")
    assert b'"ok"' in text
    for name in ("Content-Security-Policy", "X-Content-Type-Options", "Strict-Transport-Security"):
        assert len(answer.headers.get_all(name) or []) == 1, answer.headers.items()
    assert desk.ask("GET", "/api/v1/queue")[0].status == 401
    assert desk.ask("GET", "/metrics")[0].status == 404
    assert desk.ask("GET", "/healthz", host="elsewhere.example")[0].status == 421
    assert desk.ask("POST", "/api/v1/conversations/1/claim", b"x" * 1_200_000)[0].status == 413
    plain = http.client.HTTPConnection("127.0.0.1", desk.plain, timeout=20)
    plain.request("GET", "/somewhere?x=1", headers={"Host": "inbox.example"})
    answer = plain.getresponse()
    assert answer.status == 308 and answer.headers["Location"] == "https://inbox.example/somewhere?x=1"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(desk):
    """TLS 1.1 and older: no handshake."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        desk.connect(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)


def test_events_come_one_by_one(tmp_path):
    """What the desk says on /api/v1/events arrives while the stream is still open; a lost connection to the desk repeats no POST."""
    seen, first_read = [], threading.Event()
    server = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                conn, _ = server.accept()
            except OSError:
                return
            head = conn.recv(65536)
            seen.append(head.split(b" ", 2)[0])
            if head.startswith(b"GET /api/v1/events"):
                conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n12\r\nevent: queue\n\ndata\r\n")
                first_read.wait(20)
                conn.sendall(b"0\r\n\r\n")
            conn.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    front = Front(tmp_path / "nginx", server.getsockname()[1])
    try:
        conn = front.connect()
        conn.request("GET", "/api/v1/events", headers={"Host": "inbox.example"})
        answer = conn.getresponse()
        assert answer.read(16) == b"event: queue\n\nda"     # the stream is open and will say no more until it was read
        first_read.set()
        answer.read()
        assert front.ask("POST", "/api/v1/conversations/1/claim", b"{}")[0].status == 502
        assert seen.count(b"POST") == 1
    finally:
        first_read.set()
        server.close()
        front.end()
