"""A proxy before the browser: what is for the desk goes there, with its policy or, when told so, without; all else is written down and
refused. So nothing that a page asks for goes unseen, whoever asks for it: fetch, a style sheet, a prefetch, another window."""
import asyncio
import threading
import urllib.parse

# The browser's own business, which nothing on a page can make it do.
OWN = (".google.com", ".googleapis.com", ".gstatic.com", ".gvt1.com")


class Trap:
    def __init__(self, desk_port):
        self.desk, self.is_bare = desk_port, False
        self.strangers, self.policies, self.at_work = [], 0, set()
        self.loop = asyncio.new_event_loop()
        self.server = self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", 0))
        self.port = self.server.sockets[0].getsockname()[1]
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def close(self):
        asyncio.run_coroutine_threadsafe(self.end(), self.loop).result(20)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    async def end(self):
        self.server.close()
        for task in list(self.at_work):
            task.cancel()
        await asyncio.gather(*self.at_work, return_exceptions=True)

    @property
    def arguments(self):
        """For Chromium: loopback goes through it, too."""
        return [f"--proxy-server=http://127.0.0.1:{self.port}", "--proxy-bypass-list=<-loopback>"]

    async def serve(self, reader, writer):
        self.at_work.add(asyncio.current_task())
        try:
            await self.talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a browser that goes away
        finally:
            self.at_work.discard(asyncio.current_task())
            writer.close()

    async def talk(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, address, _ = head[0].split(" ", 2)
        url = urllib.parse.urlsplit(address)
        if method == "CONNECT" or url.netloc != f"127.0.0.1:{self.desk}":
            host = address.rpartition(":")[0] if method == "CONNECT" else url.hostname or ""
            if not f".{host}".endswith(OWN):
                self.strangers.append(f"{method} {address}")
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
            return
        there, back = await asyncio.open_connection("127.0.0.1", self.desk)
        kept = [h for h in head[1:] if h and not h.lower().startswith(("proxy-", "connection:"))]
        path = urllib.parse.urlunsplit(("", "", url.path, url.query, "")) or "/"
        back.write("\r\n".join([f"{method} {path} HTTP/1.1", *kept, "Connection: close", "", ""]).encode("latin-1"))
        length = next((int(h.split(":")[1]) for h in kept if h.lower().startswith("content-length:")), 0)
        back.write(await reader.readexactly(length))
        try:
            answer = (await there.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            policy = [h for h in answer if h.lower().startswith("content-security-policy:")]
            self.policies += len(policy)
            writer.write("\r\n".join(h for h in answer if not (self.is_bare and h in policy)).encode("latin-1"))
            while chunk := await there.read(65536):
                writer.write(chunk)
                await writer.drain()
        finally:
            back.close()
