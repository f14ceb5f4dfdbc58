"""The book: the town's own append-only record of what it did, served and applied.

One JSON object a line. `k` says what it is:
  do   a change of the world, complete enough to be done again (a restart replays these lines)
  el   an element (one post as the platform renders it) that was rendered for the first time in this form:
       its number `n`, server, kind, platform `id` and the SHA-256 of its bytes
  ans  an answer: request, viewer, status, numbers of the elements in it, SHA-1 of the body;
       `cut` stands in it when the client cannot have got it whole

A line is written before the first byte of its answer leaves, and synced to disk once a turn of the loop."""
import asyncio
import hashlib
import json
import os


class Book:
    def __init__(self, path, sync=True, answers=True):
        self.path = path
        self.sync = sync
        self.answers = answers
        self.lines = []
        self.dirty = False
        self.syncing = False
        self.n_elements = 0
        self.elements = {}          # number -> (server, kind, id, sha)
        self.served = {}            # (server, viewer) -> set of element numbers
        self.n_lines = 0
        self.file = open(path, "a", encoding="utf-8", errors="surrogatepass")

    @staticmethod
    def read(path):
        """All whole lines of a book; a torn last line (power cut) is left out."""
        if not os.path.exists(path):
            return
        with open(path, encoding="utf-8", errors="surrogatepass") as file:
            for line in file:
                if line.endswith("\n"):
                    yield json.loads(line)

    def recall(self, line):
        """Take over what an earlier run of the town wrote."""
        self.n_lines += 1
        if line["k"] == "el":
            self.elements[line["n"]] = (line["server"], line["kind"], line["id"], line["sha"])
            self.n_elements = max(self.n_elements, line["n"])
        elif line["k"] == "ans" and line["els"] and not line.get("cut"):
            self.served.setdefault((line["server"], line["who"]), set()).update(line["els"])

    def write(self, line):
        self.write_text(json.dumps(line, ensure_ascii=False, separators=(",", ":")))

    def write_text(self, text):
        self.n_lines += 1
        self.file.write(text + "\n")
        if not self.dirty:
            self.dirty = True
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:
                self.flush()

    def flush(self):
        self.dirty = False
        self.file.flush()
        if not self.sync or self.syncing:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            os.fdatasync(self.file.fileno())
            return
        self.syncing = True
        loop.run_in_executor(None, os.fdatasync, self.file.fileno()).add_done_callback(self.synced)

    def synced(self, future):
        self.syncing = False
        future.exception()

    def element(self, server, kind, ident, data, **more):
        """Number of an element in this form; writes its line."""
        self.n_elements += 1
        sha = hashlib.sha256(data).hexdigest()
        self.elements[self.n_elements] = (server, kind, ident, sha)
        self.write({"k": "el", "n": self.n_elements, "server": server, "kind": kind, "id": ident, "sha": sha, **more})
        return self.n_elements

    def answer(self, now, server, request, reply, body, cut=False):
        els = reply.els
        if els and not cut and reply.status == 200:
            served = self.served.get((server, request.viewer))
            if served is None:
                served = self.served[(server, request.viewer)] = set()
            served.update(els)
        if self.answers:
            target = json.dumps(request.path + ("?" + request.query if request.query else ""))
            self.write_text(f'{{"k":"ans","t":{now},"server":"{server}","who":"{request.viewer}","m":"{request.method}",'
                            f'"p":{target},"s":{reply.status},"els":{list(els)},"sha1":"{hashlib.sha1(body).hexdigest()}"'
                            f'{",%scut%s:true" % (chr(34), chr(34)) if cut else ""}}}')

    def served_elements(self, server=None, viewer=None):
        """What left the town whole: list of {server, who, kind, id, sha}."""
        found = []
        for (srv, who), numbers in self.served.items():
            if (server in (None, srv)) and (viewer in (None, who)):
                for n in sorted(numbers):
                    el = self.elements[n]
                    found.append({"server": srv, "who": who, "kind": el[1], "id": el[2], "sha": el[3]})
        return found

    def close(self):
        self.file.flush()
        if self.sync:
            os.fsync(self.file.fileno())
        self.file.close()
