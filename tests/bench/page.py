"""The queue's page in Chromium with many who wait: how long from the address until rows are painted (nothing kept by the browser, and everything kept), where that
time goes, and how long frames take while somebody scrolls through pages of rows."""
import contextlib
import http.server
import pathlib
import statistics
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# What the browser knows of the way to the rows, in ms since it was sent to the address. `painted`: the frame after the rows.
WAY = """
const done = arguments[0];
let painted = null;
const seen = new PerformanceObserver((list) => {
	for (const e of list.getEntries()) {
		painted = e.element?.closest(".row") ? e.startTime : painted;
	}
});
seen.observe({ type: "largest-contentful-paint", buffered: true });
const look = () => {
	const mark = performance.getEntriesByName("rows")[0];
	if (!mark) { setTimeout(look, 5); return; }
	requestAnimationFrame(() => setTimeout(() => {
		const all = performance.getEntriesByType("resource"), nav = performance.getEntriesByType("navigation")[0];
		const of = (part) => all.find((e) => e.name.includes(part));
		const scripts = all.filter((e) => e.name.endsWith(".js"));
		const paint = performance.getEntriesByType("paint").find((e) => e.name === "first-contentful-paint");
		done({ html: nav.responseEnd, scripts: Math.max(0, ...scripts.map((e) => e.responseEnd)), n_scripts: scripts.length,
			session: of("/api/v1/session")?.startTime, session_end: of("/api/v1/session")?.responseEnd, queue: of("/api/v1/queue?")?.startTime, queue_end: of("/api/v1/queue?")?.responseEnd,
			rows: mark.startTime, first_js: of("/first.js")?.responseEnd, style: of("/style.css")?.responseEnd, painted, first_paint: paint?.startTime, bytes: all.reduce((n, e) => n + e.transferSize, 0) });
	}, 100));
};
look();
"""
# Scrolls as a wheel does, a step a frame; the time between frames, and how many rows there were.
SCROLL = """
const [n, step, done] = arguments, list = document.querySelector(".queue-list"), frames = [];
let last = null, most = 0, empty = 0;
function frame(now) {
	if (last !== null) { frames.push(now - last); }
	last = now;
	const rows = list.querySelectorAll(".row");
	most = Math.max(most, rows.length);
	const box = list.getBoundingClientRect(), at = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
	empty += at?.closest(".row") ? 0 : 1;
	if (frames.length === n) {
		done({ frames, most, empty, top: list.scrollTop, nodes: document.querySelectorAll("*").length });
		return;
	}
	list.scrollTop += step;
	requestAnimationFrame(frame);
}
requestAnimationFrame(frame);
"""


# The yardstick: as many rows as are seen at first, as plain HTML from a plain server: what the browser and the machine take without us.
BARE = ("<!doctype html><title>bare</title><style>li { height: 71px; border-bottom: 1px solid }</style><ul>" + "".join(
    f"<li class=row>Person {n} · Mastodon · Question number {n}, which has waited since this morning" for n in range(27)) + "</ul>").encode()
BARE_PAINTED = """
const done = arguments[0];
new PerformanceObserver((list) => done(list.getEntries().at(-1).startTime)).observe({ type: "largest-contentful-paint", buffered: true });
"""


@contextlib.contextmanager
def bare_server():
    class Bare(http.server.BaseHTTPRequestHandler):
        def do_GET(self):  # noqa: N802 (the library's name)
            self.send_response(200)
            self.send_header("Content-Length", str(len(BARE)))
            self.end_headers()
            self.wfile.write(BARE)

        def log_message(self, *_):
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Bare) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def bare(browser, n):
    found = []
    with bare_server() as url:
        for _ in range(n + 1):
            browser.driver.get("about:blank")
            browser.driver.get(url)
            found.append(browser.driver.execute_async_script(BARE_PAINTED))
            time.sleep(0.3)
    return statistics.median(found[1:])


def middle(ways, name):
    found = [w[name] for w in ways if w.get(name) is not None]
    return statistics.median(found) if found else float("nan")


def part(values, p):
    return sorted(values)[min(len(values) - 1, int(len(values) * p))]


def ways(browser, n, is_fresh):
    found = []
    for _ in range(n):
        browser.driver.get("about:blank")
        if is_fresh:
            browser.cdp("Network.clearBrowserCache")
        browser.open("/")
        found.append(browser.driver.execute_async_script(WAY))
        time.sleep(0.3)     # the rest of the page's start is not the next one's
    return found


def told(name, found):
    parts = "html first_js style scripts session session_end queue queue_end rows painted first_paint".split()
    return f"  {name:<10}" + " ".join(f"{p} {middle(found, p):.0f}" for p in parts) + f"; {middle(found, 'n_scripts'):.0f} scripts, {middle(found, 'bytes') / 1024:.0f} KiB"


def run(shop, runs, say):
    sys.path.insert(1, str(ROOT / "tests" / "browser"))
    import rig
    rig.__path__.append(str(ROOT / "tests" / "browser" / "rig"))
    from rig.browser import Browser
    browser = Browser()
    try:
        browser.forget(shop.origin)
        who = shop.person("page")
        browser.cdp("Network.setCookie", name="__Host-session", value=who.cookie, url=shop.origin + "/", path="/", secure=True, httpOnly=True, sameSite="Strict")
        ways(browser, 2, False)
        fresh, kept = ways(browser, runs * 2, True), ways(browser, runs * 4, False)
        say(told("fresh", fresh))
        say(told("kept", kept))
        plain = bare(browser, runs * 4)
        say(f"  a page of 27 plain rows, from a plain server, is painted after {plain:.0f} ms")
        browser.open("/")
        browser.find(".row")
        scroll = [browser.driver.execute_async_script(SCROLL, 100, step) for step in (60, 240)]
        for one, step in zip(scroll, (60, 240)):
            say(f"  scrolling {step} px a frame: frames p50 {part(one['frames'], 0.5):.1f}, p95 {part(one['frames'], 0.95):.1f}, p99 {part(one['frames'], 0.99):.1f}, longest "
                f"{max(one['frames']):.0f} ms; {one['most']} rows at most in {one['nodes']} elements, {one['empty']} of 300 frames without a row in the middle")
        return {"bare": plain, "fresh": middle(fresh, "painted"), "kept": middle(kept, "painted"), "p95": max(part(s["frames"], 0.95) for s in scroll), "rows": max(s["most"] for s in scroll),
                "empty": max(s["empty"] for s in scroll)}
    finally:
        browser.quit()
