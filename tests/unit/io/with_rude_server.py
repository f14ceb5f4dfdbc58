#!/usr/bin/python3
"""Runs a test program beside an HTTP server without manners: with_rude_server.py PROGRAM [ARG…]

The path says what the server does wrong. The program finds ANSWERD_TEST_PORT, and
ANSWERD_TEST_UNTRUSTED_PORT (a certificate of nobody), and for root
ANSWERD_TEST_TLS_PORT (a good one), …_WRONG_NAME_PORT, …_EXPIRED_PORT, …_OLD_PORT (TLS 1.1) and, with nginx,
…_H2_PORT (HTTP/2). GET /counts/KEY tells how many
requests with bodies came to /posts/KEY…, whatever became of them.
"""
import gzip
import os
import shutil
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time
import warnings

LIMIT_S = 60
counts = {}
lock = threading.Lock()


def answer(body, head="", status="200 OK"):
    return (f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}\r\n").encode() + body


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def reset(conn):
    """Ends with RST instead of FIN."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    conn.close()


def read_request(conn):
    data = b""
    while b"\r\n\r\n" not in data:
        got = conn.recv(65536)
        if not got:
            return None
        data += got
    head, body = data.split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, value = line.split(":", 1)
        headers[name.lower()] = value.strip()
    while len(body) < int(headers.get("content-length", "0")):
        got = conn.recv(65536)
        if not got:
            return None
        body += got
    method, path, _ = lines[0].split(" ")
    return method, path, head.decode("latin-1"), body


def misbehave(conn, method, path, head, body, n_before):
    """Returns whether the connection goes on."""
    name = path.split("?")[0]
    if name.startswith("/posts/"):
        key = name.split("/")[2]
        with lock:
            counts[key] = counts.get(key, 0) + 1
    if name == "/echo":
        conn.sendall(answer((head + "\n\n").encode("latin-1") + body, "X-Mixed: Case\r\n"))
    elif name.startswith("/counts/"):
        with lock:
            conn.sendall(answer(str(counts.get(name.split("/")[2], 0)).encode()))
    elif name == "/connection":
        conn.sendall(answer(str(n_before).encode()))
    elif name == "/empty":
        conn.sendall(answer(b""))
    elif name == "/no-content":
        conn.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
    elif name == "/teapot":
        conn.sendall(answer(b"{}", "Retry-After: 7\r\n", "429 Slow down"))
    elif name == "/redirect":
        conn.sendall(answer(b"", "Location: /posts/redirected\r\n", "302 Found"))
    elif name == "/hints":
        conn.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </early>\r\n\r\n" + answer(b"late", "X-Which: last\r\n"))
    elif name == "/gzip":
        packed = gzip.compress(b"unpacked")
        conn.sendall(answer(packed, "Content-Encoding: gzip\r\n"))
    elif name == "/honest-giant":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n")
        conn.sendall(b"x" * 3000000)
    elif name == "/chunked-giant":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(48):
            conn.sendall(chunk(b"x" * 65536))
        conn.sendall(chunk(b""))
    elif name == "/endless-body":
        conn.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            conn.sendall(chunk(b"x" * 65536))
    elif name == "/bomb":
        conn.sendall(answer(gzip.compress(b"\0" * 20000000), "Content-Encoding: gzip\r\n"))
    elif name == "/double-bomb":
        packed = gzip.compress(gzip.compress(b"\0" * 20000000))
        conn.sendall(answer(packed, "Content-Encoding: gzip, gzip\r\n"))
    elif name == "/bad-gzip":
        conn.sendall(answer(b"this is not packed", "Content-Encoding: gzip\r\n"))
    elif name == "/endless-headers":
        conn.sendall(b"HTTP/1.1 200 OK\r\n")
        end = time.monotonic() + 10
        while time.monotonic() < end:
            conn.sendall(b"X-Filler: " + b"x" * 1000 + b"\r\n")
    elif name == "/many-headers":
        conn.sendall(answer(b"", "X: y\r\n" * 300))
    elif name == "/endless-hints":
        end = time.monotonic() + 10
        while time.monotonic() < end:
            conn.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
    elif name.endswith("/reset-mid-body"):
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        time.sleep(0.1)
        reset(conn)
        return False
    elif name.endswith("/cut"):
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
        return False
    elif name.endswith("/hang-up"):
        return False
    elif name.endswith("/hang-up-if-reused"):
        if n_before > 0:
            return False
        conn.sendall(answer(b"applied"))
    elif name.endswith("/stall"):
        time.sleep(8)
        return False
    elif name == "/drip":
        conn.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(16):
            conn.sendall(b"x")
            time.sleep(0.5)
        return False
    elif name == "/garbage":
        conn.sendall(b"\x16\x03\x01 SSH-2.0-nonsense\r\n\r\n")
        return False
    elif name == "/odd-status":
        conn.sendall(answer(b"", "", "999 Odd"))
    elif name.startswith("/sleep"):
        time.sleep(0.3)
        conn.sendall(answer(b"woke"))
    elif name.startswith("/posts/"):
        conn.sendall(answer(b"applied"))
    else:
        conn.sendall(answer(method.encode(), "", "404 Not Found"))
    return True


def serve(conn):
    n_before = 0
    try:
        conn.settimeout(LIMIT_S)
        while True:
            request = read_request(conn)
            if request is None or not misbehave(conn, *request, n_before):
                break
            n_before += 1
    except (OSError, ValueError):
        pass
    finally:
        conn.close()


def accept(listener, tls):
    while True:
        try:
            conn, _ = listener.accept()
        except OSError:
            return
        with lock:
            counts["connections"] = counts.get("connections", 0) + 1

        def handle(conn=conn):
            try:
                wrapped = tls.wrap_socket(conn, server_side=True) if tls else conn
            except OSError:
                conn.close()
                return
            serve(wrapped)

        threading.Thread(target=handle, daemon=True).start()


def listen(tls=None):
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=accept, args=(listener, tls), daemon=True).start()
    return listener.getsockname()[1]


def openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdin=subprocess.DEVNULL,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_authority(folder):
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{folder}/ca.key", "-out",
            f"{folder}/ca.pem", "-days", "2", "-subj", "/CN=test authority")


def certificate(folder, name, subject, days="2", is_trusted=True):
    """A server's key and certificate, as a context; by the test's own authority or by itself."""
    key, cert = f"{folder}/{name}.key", f"{folder}/{name}.pem"
    if is_trusted:
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", f"{folder}/{name}.csr",
                "-subj", "/CN=server")
        with open(f"{folder}/{name}.ext", "w", encoding="utf-8") as ext:
            ext.write(f"subjectAltName={subject}\n")
        openssl("x509", "-req", "-in", f"{folder}/{name}.csr", "-CA", f"{folder}/ca.pem", "-CAkey",
                f"{folder}/ca.key", "-CAcreateserial", "-days", days, "-extfile", f"{folder}/{name}.ext",
                "-out", cert)
    else:
        openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days",
                days, "-subj", "/CN=server", "-addext", f"subjectAltName={subject}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


def tls_servers(folder, environment, is_trusting):
    """Ports of servers with good and bad certificates; the good one only where we are trusted."""
    servers = {"UNTRUSTED": certificate(folder, "untrusted", "IP:127.0.0.1", is_trusted=False)}
    if is_trusting:
        servers["TLS"] = certificate(folder, "good", "IP:127.0.0.1")
        servers["WRONG_NAME"] = certificate(folder, "wrong", "DNS:other.example")
        servers["EXPIRED"] = certificate(folder, "expired", "IP:127.0.0.1", days="0")
        warnings.simplefilter("ignore")  # these versions are out of date, that is the point
        old = certificate(folder, "old", "IP:127.0.0.1")
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        servers["OLD"] = old
    for name, context in servers.items():
        environment[f"ANSWERD_TEST_{name}_PORT"] = str(listen(context))


def start_nginx(folder, environment):
    """A server of the other kind, well-behaved and with HTTP/2; returns its process or None."""
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin")
    if program is None or not os.path.exists(f"{folder}/good.pem"):
        return None
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    os.chmod(folder, 0o755)
    os.makedirs(f"{folder}/www")
    with open(f"{folder}/www/page", "w", encoding="utf-8") as page:
        page.write("x" * 50000)
    with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as conf:
        conf.write(f"""daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{}}
http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; keepalive_requests 7;
server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {folder}/good.pem;
ssl_certificate_key {folder}/good.key; root {folder}/www;
location /version {{ return 200 $server_protocol; }} location /post {{ return 200 $server_protocol; }} }} }}""")
    process = subprocess.Popen([program, "-p", folder, "-c", f"{folder}/nginx.conf", "-e", f"{folder}/error.log"],
                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 5
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            environment["ANSWERD_TEST_H2_PORT"] = str(port)
            break
        except OSError:
            time.sleep(0.05)
    return process


AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt"


def trust(folder):
    """Our authority becomes the machine's own, in a mount namespace that ends with us."""
    if os.geteuid() != 0 or not os.path.exists(AUTHORITIES):
        return False
    if "ANSWERD_TEST_NAMESPACE" not in os.environ:
        environment = dict(os.environ, ANSWERD_TEST_NAMESPACE="1")
        command = ["unshare", "--mount", sys.executable, os.path.abspath(sys.argv[0])] + sys.argv[1:]
        if subprocess.run(["unshare", "--mount", "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0:
            sys.exit(subprocess.run(command, env=environment, check=False).returncode)
        return False
    done = subprocess.run(["mount", "--bind", f"{folder}/ca.pem", AUTHORITIES], check=False,
                          stderr=subprocess.DEVNULL)
    return done.returncode == 0


def main():
    environment = dict(os.environ)
    environment["ANSWERD_TEST_PORT"] = str(listen())
    with tempfile.TemporaryDirectory() as folder:
        return run(folder, environment)


def run(folder, environment):
    nginx = None
    try:
        make_authority(folder)
        tls_servers(folder, environment, trust(folder))
        nginx = start_nginx(folder, environment)
    except (OSError, subprocess.CalledProcessError):
        print("no TLS servers: openssl does not work here")
    # A proxy of the environment must not be obeyed: nobody listens at this one.
    environment["http_proxy"] = environment["https_proxy"] = "http://127.0.0.1:1"
    try:
        result = subprocess.run(sys.argv[1:], env=environment, check=False, timeout=LIMIT_S * 2)
        return result.returncode if result.returncode >= 0 else 128 - result.returncode
    finally:
        if nginx is not None:
            nginx.terminate()
            nginx.wait()


if __name__ == "__main__":
    sys.exit(main())
