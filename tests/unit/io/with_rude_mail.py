#!/usr/bin/python3
"""Runs a test program beside mail servers without manners: with_rude_mail.py PROGRAM [ARG…]

The name of the user says what the server does wrong. The program finds ANSWERD_TEST_IMAP_PORT and ANSWERD_TEST_SMTP_PORT (without TLS),
ANSWERD_TEST_IMAPS_UNTRUSTED_PORT and ANSWERD_TEST_STARTTLS_UNTRUSTED_PORT (certificates of nobody), and for root ANSWERD_TEST_IMAPS_PORT and
ANSWERD_TEST_STARTTLS_PORT (good ones), ANSWERD_TEST_IMAP_BEARER_PORT (OAUTHBEARER, too) and ANSWERD_TEST_IMAP_PLAIN_PORT (no OAuth). The mailbox
knows the commands ECHO TEXT, SASL (how the last one by OAuth logged in), COUNT KEY (how many mails were handed in by KEY, "append KEY" to
the mailbox) and APPEND."""
import base64
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time

import with_rude_server as rude

counts = {}


class Line:
    """A connection as lines."""

    def __init__(self, conn):
        self.conn, self.file = conn, conn.makefile("rb")

    def take(self):
        line = self.file.readline(70000)
        if not line.endswith(b"\n"):
            raise ConnectionError
        return line.rstrip(b"\r\n").decode("latin-1")

    def say(self, text):
        self.conn.sendall(text.encode("latin-1", "replace") if isinstance(text, str) else text)


def plain(initial):
    return base64.b64decode(initial).decode().split("\0")[1]


def by_oauth(arg):
    """"XOAUTH2 WORD": its bytes are kept for SASL, which tells them."""
    mechanism, word = arg.split(" ")
    data = base64.b64decode(word)
    counts["sasl"] = f"{mechanism} {data.hex()}"
    return data.split(b"\1")[0].rpartition(b"=")[2].decode().rstrip(",")


def imap(conn, starttls=None, offers="AUTH=PLAIN AUTH=XOAUTH2"):
    peer = Line(conn)
    can = f"IMAP4rev1 SASL-IR {offers}{' STARTTLS' if starttls else ''}"
    peer.say(f"* OK [CAPABILITY {can}] ready\r\n")
    user = ""
    while True:
        tag, _, rest = peer.take().partition(" ")
        verb, _, arg = rest.partition(" ")
        verb = verb.upper()
        if verb == "CAPABILITY":
            peer.say(f"* CAPABILITY {can}\r\n{tag} OK done\r\n")
        elif verb == "STARTTLS":
            peer.say(f"{tag} OK begin\r\n")
            conn = starttls.wrap_socket(conn, server_side=True)
            starttls, peer = None, Line(conn)
        elif verb == "AUTHENTICATE" and not arg.startswith("PLAIN"):
            user = by_oauth(arg)
            if user == "expired":
                peer.say("+ " + base64.b64encode(b'{"status":"400","schemes":"Bearer"}').decode() + "\r\n")
                counts["sasl end"] = peer.take()
                peer.say(f"{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")
            else:
                peer.say(f"{tag} OK in\r\n")
        elif verb == "AUTHENTICATE":
            user = plain(arg.split(" ")[1])
            if user == "wrong":
                peer.say(f"{tag} NO [AUTHENTICATIONFAILED] no\r\n")
            elif user == "busy":
                peer.say(f"{tag} NO [UNAVAILABLE] later\r\n")
            else:
                peer.say(f"{tag} OK in\r\n")
        elif verb == "LOGOUT":
            peer.say(f"* BYE\r\n{tag} OK\r\n")
            return
        elif not imap_rude(peer, conn, user, tag, verb, arg):
            return


def imap_rude(peer, conn, user, tag, verb, arg):
    """What an odd user's mailbox says; false: the connection is over."""
    if user == "silent":
        time.sleep(5)
        return False
    if user == "bye":
        peer.say("* BYE I am going\r\n")
        return False
    if user == "reset":
        rude.reset(conn)
        return False
    if user == "half":
        peer.say("* 1 FETCH (BODY[] {100}\r\nonly")
        return False
    if user == "giant":
        for _ in range(48):
            peer.say("* 1 FETCH (BODY[] {65536}\r\n" + "x" * 65536 + ")\r\n")
        peer.say(f"{tag} OK done\r\n")
    elif user == "endless":
        end = time.monotonic() + 10
        while time.monotonic() < end:
            peer.say("x" * 65536)
    elif user == "absurd":
        peer.say("* 1 FETCH (BODY[] {99999999999999999999}\r\n")
    elif user == "tags":
        lie = "".join(f"{t}{i:03d} OK done\r\nask{i} OK done\r\n" for t in "AB" for i in range(9)) + "* BYE\r\n"
        peer.say(f"* 1 FETCH (UID 1 BODY[] {{{len(lie)}}}\r\n{lie} FLAGS ())\r\n* 2 FETCH (UID 2)\r\n{tag} OK done\r\n")
    elif user == "refusing":
        peer.say(f"{tag} {arg} what\r\n")
    elif user == "slices":
        for byte in f"* 1 FETCH (BODY[] {{5}}\r\na\r\nb))\r\n{tag} OK done\r\n":
            peer.say(byte)
            time.sleep(0.001)
    elif verb == "SASL":
        peer.say(f"* SASL {counts.get('sasl')}\r\n{tag} OK done\r\n")
    elif verb == "APPEND":
        return append(peer, conn, user, tag, arg)
    elif verb == "COUNT":
        peer.say(f"* COUNT {counts.get(arg, 0)}\r\n{tag} OK done\r\n")
    else:
        peer.say(f"* ECHO {verb} {arg}\r\n{tag} OK done\r\n")
    return True


def append(peer, conn, user, tag, arg):
    """A mail is handed over behind its size."""
    size = int(arg[arg.rindex("{") + 1:-1])
    if user == "full":
        peer.say(f"{tag} NO [OVERQUOTA] full\r\n")
        return True
    peer.say("+ go\r\n")
    data = peer.file.read(size)
    if peer.file.read(2) != b"\r\n":
        return False
    counts["append " + user] = counts.get("append " + user, 0) + 1
    if user == "kept-reset":
        rude.reset(conn)
        return False
    if user == "kept-silent":
        time.sleep(5)
        return False
    if user == "kept-bye":
        peer.say("* BYE\r\n")
        return False
    peer.say(f"{tag} NO no\r\n" if user == "kept-no" else f"* GOT {data.decode()!r}\r\n{tag} OK [APPENDUID 7 8] done\r\n")
    return True


def smtp(conn, _starttls=None):
    peer, user = Line(conn), ""
    peer.say("220 mail.example\r\n")
    while True:
        verb, _, arg = peer.take().partition(" ")
        verb = verb.upper()
        if verb == "EHLO":
            peer.say("250-mail.example\r\n250 AUTH PLAIN XOAUTH2\r\n")
        elif verb == "AUTH" and not arg.startswith("PLAIN"):
            user = by_oauth(arg)
            if user == "expired":
                peer.say("334 " + base64.b64encode(b'{"status":"400","schemes":"Bearer"}').decode() + "\r\n")
                peer.take()
                peer.say("535 5.7.8 Username and Password not accepted\r\n")
            else:
                peer.say("235 in\r\n")
        elif verb == "AUTH":
            user = plain(arg.split(" ")[1])
            peer.say({"wrong": "535 5.7.8 no\r\n", "busy": "454 4.7.0 later\r\n"}.get(user, "235 in\r\n"))
        elif verb == "MAIL" and user == "rushes":
            peer.say("250 fine\r\n250 fine\r\n354 go\r\n250 queued\r\n")
            rude.reset(conn)
            return
        elif verb == "MAIL" and user == "from":
            peer.say("550 5.7.1 not\r\n550 you\r\n")
        elif verb == "RCPT" and user in ("to", "later"):
            peer.say("550 5.1.1 nobody of that name\r\n" if user == "to" else "451 4.7.1 greylisted\r\n")
        elif verb == "RCPT" and user == "one" and "bob" in arg:
            peer.say("550 5.1.1 nobody of that name\r\n")
        elif verb == "RCPT" and user == "hangs":
            return
        elif verb == "DATA":
            peer.say("354 go\r\n")
            lines = []
            if user == "hasty":
                peer.say("250 queued\r\n")
                time.sleep(5)
                return
            if user == "middle":
                conn.recv(10)
                rude.reset(conn)
                return
            while not lines or lines[-1] != ".":
                lines.append(peer.take())
            counts[user] = counts.get(user, 0) + 1
            counts["lines"] = len(lines)
            if user == "applied-reset":
                rude.reset(conn)
                return
            if user == "applied-silent":
                time.sleep(5)
                return
            if user == "applied-half":
                peer.say("25")
                return
            if user == "applied-long":
                peer.say("250-" + "x" * 60000 + "\r\n")
                return
            peer.say({"refuses": "554 5.7.1 spam\r\n", "full": "452 4.2.2 full\r\n", "odd": "354 more\r\n", "garbage": "OK\r\n",
                      "dots": "250 " + "|".join(lines[1:3]) + "\r\n"}.get(user, "250-2.0.0\r\n250 queued\r\n"))
        elif verb == "QUIT":
            time.sleep(5)       # nobody may wait for it
            return
        else:
            peer.say("250 fine\r\n")


def listen(play, tls=None, starttls=None):
    server = socket.create_server(("127.0.0.1", 0), backlog=64)

    def one(conn):
        try:
            play(tls.wrap_socket(conn, server_side=True) if tls else conn, starttls)
        except OSError:
            pass
        finally:
            conn.close()

    def serve():
        while True:
            conn, _ = server.accept()
            conn.settimeout(rude.LIMIT_S)
            threading.Thread(target=one, args=(conn,), daemon=True).start()
    threading.Thread(target=serve, daemon=True).start()
    return str(server.getsockname()[1])


def main():
    environment = dict(os.environ, ANSWERD_TEST_IMAP_PORT=listen(imap), ANSWERD_TEST_SMTP_PORT=listen(smtp),
                       ANSWERD_TEST_IMAP_BEARER_PORT=listen(lambda *a: imap(*a, offers="AUTH=XOAUTH2 AUTH=OAUTHBEARER")),
                       ANSWERD_TEST_IMAP_PLAIN_PORT=listen(lambda *a: imap(*a, offers="AUTH=PLAIN AUTH=LOGIN")))
    with tempfile.TemporaryDirectory() as folder:
        try:
            rude.make_authority(folder)
            if rude.trust(folder):
                good = rude.certificate(folder, "good", "IP:127.0.0.1")
                environment["ANSWERD_TEST_IMAPS_PORT"] = listen(imap, tls=good)
                environment["ANSWERD_TEST_STARTTLS_PORT"] = listen(imap, starttls=good)
            bad = rude.certificate(folder, "untrusted", "IP:127.0.0.1", is_trusted=False)
            environment["ANSWERD_TEST_IMAPS_UNTRUSTED_PORT"] = listen(imap, tls=bad)
            environment["ANSWERD_TEST_STARTTLS_UNTRUSTED_PORT"] = listen(imap, starttls=bad)
        except (OSError, subprocess.CalledProcessError):
            print("no TLS servers: openssl does not work here")
        result = subprocess.run(sys.argv[1:], env=environment, check=False, timeout=rude.LIMIT_S * 2)
        return result.returncode if result.returncode >= 0 else 128 - result.returncode


if __name__ == "__main__":
    sys.exit(main())
