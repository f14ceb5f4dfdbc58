"""Holds every answer of a desk against its own OpenAPI document: a tap on the desk's socket through which tests speak."""
import http.client
import io
import json
import re
import socket
import threading
import time

import jsonschema

JSON_TYPES = ("application/json", "application/problem+json")


class Document:
    def __init__(self, read):
        self.read = read
        self.seen = set()       # (method, path of the document, status)
        jsonschema.Draft202012Validator.check_schema(read["components"]["schemas"]["Problem"])
        store = {"answerd:openapi": read}
        self.resolver = jsonschema.RefResolver("answerd:openapi", read, store=store)
        self.validators = {}
        self.paths = [(re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", re.escape(p).replace(r"\{", "{").replace(r"\}", "}")) + "$"), p, methods)
                      for p, methods in read["paths"].items()]
        self.paths.sort(key=lambda e: e[1].count("{"))      # alerts/test before alerts/{id}

    def find(self, method, target):
        path = target.partition("?")[0].removeprefix("/api/v1")
        for pattern, name, methods in self.paths:
            if pattern.match(path) and method.lower() in methods:
                return name, methods[method.lower()]
        return None, None

    def validator(self, schema):
        key = json.dumps(schema, sort_keys=True)
        if key not in self.validators:
            self.validators[key] = jsonschema.Draft202012Validator(schema, resolver=self.resolver)
        return self.validators[key]

    def check(self, method, target, status, kind, body):
        """An AssertionError that names what does not fit."""
        name, operation = self.find(method, target)
        if operation is None:
            assert status >= 400, f"{method} {target} answered {status}, but the OpenAPI document does not know it"
            return
        self.seen.add((method, name, status))
        media = kind.partition(";")[0]
        if status >= 400:
            assert media == "application/problem+json", f"{method} {target}: {status} is no problem document but {kind}"
            schema = {"$ref": "answerd:openapi#/components/schemas/Problem"}
        else:
            response = operation["responses"].get(str(status))
            assert response, f"{method} {target} answered {status}, which the OpenAPI document does not name"
            content = response.get("content")
            assert content, f"{method} {name}: the OpenAPI document does not say what it answers (daemon/desk/answers/)"
            assert media in content, f"{method} {target} answered {kind}, the OpenAPI document says {list(content)}"
            schema = content[media].get("schema")
            if schema is None:
                return
            schema = {"$ref": "answerd:openapi" + schema["$ref"]}
        errors = list(self.validator(schema).iter_errors(json.loads(body)))
        assert not errors, f"{method} {target} ({name}): " + "; ".join(f"{list(e.absolute_path)}: {e.message[:300]}" for e in errors[:5])


class Tap:
    """A socket before the desk's: passes everything on, one connection after the other or at once, and remembers what did not fit."""

    def __init__(self, behind, at):
        self.behind, self.at = str(behind), str(at)
        self.document, self.wrong = None, []
        self.lock = threading.Lock()
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(self.at)
        self.server.listen(64)
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def connect(self):
        """As the desk's own socket would: not there while the desk is not."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(90)
        s.connect(self.behind)
        return s

    def serve(self):
        while True:
            try:
                client, _ = self.server.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(client,), daemon=True).start()

    def pass_on(self, client):
        try:
            with client, self.connect() as desk:
                client.settimeout(90)
                self.exchange(client, desk)
        except OSError:
            pass

    def exchange(self, client, desk):
        """One request, one answer; then the connection is closed (the answer command asks for no more)."""
        head = b""
        while b"\r\n\r\n" not in head:
            piece = client.recv(65536)
            if not piece:
                return
            head += piece
        top, _, body = head.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length: *(\d+)", top)
        while length and len(body) < int(length.group(1)):
            body += client.recv(65536)
        desk.sendall(top + b"\r\nConnection: close\r\n\r\n" + body)
        method, target = top.split(b" ", 2)[:2]
        answer = io.BytesIO()
        while piece := desk.recv(65536):
            answer.write(piece)
            client.sendall(piece)
        self.judge(method.decode(), target.decode(), answer.getvalue())

    def judge(self, method, target, answer):
        class Read:
            def makefile(self, *_):
                return io.BytesIO(answer)
        response = http.client.HTTPResponse(Read(), method=method)
        try:
            response.begin()
            body = response.read()
            with self.lock:
                if self.document is None:
                    self.document = self.fetch()
                self.document.check(method, target, response.status, response.getheader("Content-Type", ""), body)
        except AssertionError as e:
            self.wrong.append(str(e))
        except (http.client.HTTPException, OSError):
            pass        # cut off: a test stopped the desk

    def fetch(self):
        with self.connect() as s:
            s.sendall(b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            response = http.client.HTTPResponse(s)
            response.begin()
            if response.status != 200:      # it has just started, or is being stopped: asked again
                raise http.client.HTTPException(response.status)
            return Document(json.loads(response.read()))

    def done(self):
        """What was heard; the test fails with what did not fit."""
        self.server.close()
        deadline = time.monotonic() + 5
        while self.lock.locked() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not self.wrong, "\n".join(dict.fromkeys(self.wrong))
        return self.document.seen if self.document else set()
