"""The wire between a browser and the desk: it can be cut, and it can lose answers after the desk has got the question."""
import contextlib
import socket
import threading


class Wire:
    def __init__(self, port):
        self.to, self.is_cut, self.losing, self.lost = port, False, None, 0
        self.lock, self.open = threading.Lock(), set()
        self.door = socket.create_server(("127.0.0.1", 0))
        self.port = self.door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def origin(self):
        return f"http://127.0.0.1:{self.port}"

    def cut(self):
        """All that is open ends now, and nobody gets through."""
        with self.lock:
            self.is_cut = True
            ends = list(self.open)
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self):
        self.is_cut = False

    def lose_answers(self, path):
        """The desk hears what is posted to an address with this in it; nobody hears its answer. None: no more."""
        self.losing = path

    def close(self):
        self.cut()
        self.door.close()

    def _serve(self):
        while True:
            try:
                near, _ = self.door.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(near,), daemon=True).start()

    def _carry(self, near):
        try:
            far = socket.create_connection(("127.0.0.1", self.to), timeout=30)
        except OSError:
            near.close()
            return
        far.settimeout(None)
        with self.lock:
            self.open |= {near, far}
            is_cut = self.is_cut
        if not is_cut:
            back = threading.Thread(target=self._pump, args=(far, near), daemon=True)
            back.start()
            self._pump(near, far, is_question=True)
            back.join()
        with self.lock:
            self.open -= {near, far}
        near.close()
        far.close()

    def _pump(self, source, sink, is_question=False):
        try:
            while data := source.recv(65536):
                if is_question and self.losing is not None and data.startswith(b"POST ") and self.losing.encode() in data.split(b"\r\n", 1)[0]:
                    self._lose(source, sink, data)
                    return
                sink.sendall(data)
        except OSError:
            pass
        finally:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _lose(self, near, far, data):
        """All of the question goes there, and the browser's end is shut before the answer comes back."""
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        while len(body) < length:
            body += near.recv(65536)
        near.shutdown(socket.SHUT_RDWR)
        far.sendall(head + b"\r\n\r\n" + body)
        self.lost += 1
        threading.Event().wait(0.3)  # the desk ends a request whose caller has gone: let it answer first
