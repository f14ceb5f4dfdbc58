#!/usr/bin/python3
"""Runs a test program beside an HTTP server without manners: with_rude_server.py PROGRAM [ARG…]

The path says what the server does wrong. The program finds ANSWERD_TEST_PORT, and
ANSWERD_TEST_TLS_PORT where an untrusted certificate could be made. GET /counts/KEY tells how many
requests with bodies came to /posts/KEY…, whatever became of them.
"""
import gzip
import os
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading
import time

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


def untrusted():
    with tempfile.TemporaryDirectory() as folder:
        key, cert = os.path.join(folder, "key"), os.path.join(folder, "cert")
        try:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key,
                            "-out", cert, "-days", "2", "-subj", "/CN=127.0.0.1",
                            "-addext", "subjectAltName=IP:127.0.0.1"],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError):
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
        return context


def main():
    environment = dict(os.environ)
    environment["ANSWERD_TEST_PORT"] = str(listen())
    tls = untrusted()
    if tls is not None:
        environment["ANSWERD_TEST_TLS_PORT"] = str(listen(tls))
    # A proxy of the environment must not be obeyed: nobody listens at this one.
    environment["http_proxy"] = environment["https_proxy"] = "http://127.0.0.1:1"
    result = subprocess.run(sys.argv[1:], env=environment, check=False, timeout=LIMIT_S * 2)
    return result.returncode if result.returncode >= 0 else 128 - result.returncode


if __name__ == "__main__":
    sys.exit(main())
