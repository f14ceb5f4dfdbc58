"""The queue's page in Chromium with many who wait: how long from the address until rows are painted (nothing kept by the browser, and everything kept), where that
time goes, and how long frames take while somebody scrolls through pages of rows."""
import statistics
import sys
import time
import pathlib

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
        browser.open("/")
        browser.find(".row")
        scroll = [browser.driver.execute_async_script(SCROLL, 100, step) for step in (60, 240)]
        for one, step in zip(scroll, (60, 240)):
            say(f"  scrolling {step} px a frame: frames p50 {part(one['frames'], 0.5):.1f}, p95 {part(one['frames'], 0.95):.1f}, p99 {part(one['frames'], 0.99):.1f}, longest "
                f"{max(one['frames']):.0f} ms; {one['most']} rows at most in {one['nodes']} elements, {one['empty']} of 300 frames without a row in the middle")
        return {"fresh": middle(fresh, "painted"), "kept": middle(kept, "painted"), "p95": max(part(s["frames"], 0.95) for s in scroll), "rows": max(s["most"] for s in scroll),
                "empty": max(s["empty"] for s in scroll)}
    finally:
        browser.quit()
