"""One Chromium, driven: `Browser`. What it complains of (errors of scripts, violations of the page's policy) fails the test that is there."""
import base64
import importlib.util
import json
import os
import pathlib
import tempfile

import pytest
from rig.place import REPO, build_dir
from rig.wait import wait_until
from selenium import webdriver
from selenium.common.exceptions import NoSuchElementException, StaleElementReferenceException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HERE = pathlib.Path(__file__).resolve().parents[1]
SHOTS = pathlib.Path(os.environ.get("ANSWERD_SHOTS") or REPO / "build" / "test" / "screenshots")
WIDE, PHONE = (1280, 800), (360, 740)
# What is no fault of the page: the network says no, as the test wants it to.
EXPECTED = ("Failed to load resource", "net::ERR_")
WAIT = 30


def axe_source():
    """axe-core, from npm, once a build folder."""
    spec = importlib.util.spec_from_file_location("modules", REPO / "daemon" / "desk" / "web" / "modules.py")
    modules = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(modules)
    kept = os.environ.pop("ANSWERD_WEB_MODULES", None)  # those are the page's
    try:
        return (modules.fetch(build_dir() / "test" / "axe", HERE) / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    finally:
        if kept is not None:
            os.environ["ANSWERD_WEB_MODULES"] = kept


class Browser:
    def __init__(self, *more):
        for program in ("/usr/bin/chromium", "/usr/bin/chromedriver"):
            if not os.path.exists(program):
                pytest.skip(f"{program} is not installed")
        self.folder = tempfile.TemporaryDirectory(prefix="answerd-browser-")
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--no-first-run", "--disable-extensions",
                     "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-default-apps", "--mute-audio",
                     "--disable-features=Translate,OptimizationHints,MediaRouter", "--lang=en-GB", "--hide-scrollbars", f"--user-data-dir={self.folder.name}",
                     f"--window-size={WIDE[0]},{WIDE[1]}", *more):
            options.add_argument(word)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(60)
        self.origin = None
        self.axe_text = None
        self.said = []

    def quit(self):
        self.driver.quit()
        self.folder.cleanup()

    def cdp(self, command, **params):
        return self.driver.execute_cdp_cmd(command, params)

    # ---- a fresh person
    def forget(self, origin):
        """Nothing remembered; wide and light."""
        self.driver.get("about:blank")
        self.origin = origin
        self.cdp("Storage.clearDataForOrigin", origin=origin, storageTypes="all")
        self.cdp("Network.enable")
        self.cdp("Network.clearBrowserCookies")
        self.online()
        self.look()
        self.complaints()

    def look(self, dark=False, size=WIDE, zoom=1):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
                                                         {"name": "prefers-reduced-motion", "value": "reduce"}])
        self.cdp("Emulation.setDeviceMetricsOverride", width=int(size[0] / zoom), height=int(size[1] / zoom), deviceScaleFactor=zoom, mobile=size == PHONE)

    def offline(self):
        self.cdp("Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def online(self):
        self.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    # ---- looking
    def open(self, path="/"):
        self.driver.get(self.origin + path)
        return self

    @property
    def place(self):
        """Path and query of where the page is."""
        return self.driver.current_url[len(self.origin):]

    def js(self, code, *args):
        return self.driver.execute_script(code, *args)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def find(self, css):
        """The first one that is seen, as soon as it is."""
        return wait_until(lambda: next((e for e in self.all(css) if self.is_seen(e)), None), WAIT, f"{css} is seen at {self.driver.current_url}")

    def button(self, words):
        """A button, link or option with these words."""
        def look():
            for e in self.all("button, a, [role=option], [role^=menuitem], label"):
                if self.is_seen(e) and (words == self.words(e).strip() or words == e.get_attribute("aria-label")):
                    return e
            return next((e for e in self.all("button, a, [role=option], [role^=menuitem], label") if self.is_seen(e) and words in self.words(e)), None)
        return wait_until(look, WAIT, f"a button '{words}' at {self.driver.current_url}")

    @staticmethod
    def is_seen(element):
        try:
            return element.is_displayed()
        except (StaleElementReferenceException, NoSuchElementException):
            return False

    @staticmethod
    def words(element):
        try:
            return element.text
        except StaleElementReferenceException:
            return ""

    def text(self, css="body"):
        """The words of all of these, as they are seen."""
        return self.js("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText).join('\\n')", css)

    def wait_text(self, words, css="body", timeout=WAIT):
        def look():
            there = self.text(css)
            self.said = self.complaints()
            assert words in there, f"there is: {there[:600]} … {there[600:][-300:]}; the browser says: {self.said}"
            return True
        wait_until(look, timeout, f"'{words}' in {css} at {self.driver.current_url}")

    def wait_gone(self, css, timeout=WAIT):
        wait_until(lambda: not any(self.is_seen(e) for e in self.all(css)), timeout, f"{css} is gone")

    # ---- doing
    def click(self, css):
        wait_until(lambda: self._try(lambda: self.find(css).click()), WAIT, f"{css} can be clicked")

    def press(self, words):
        wait_until(lambda: self._try(lambda: self.button(words).click()), WAIT, f"'{words}' can be clicked")

    @staticmethod
    def _try(does):
        try:
            does()
            return True
        except StaleElementReferenceException:
            return False

    def keys(self, *keys):
        """Keys to whatever has the focus: "j", Keys.ENTER, "Ctrl+k"."""
        for key in keys:
            chain = ActionChains(self.driver)
            if key.startswith("Ctrl+"):
                chain.key_down(Keys.CONTROL).send_keys(key[5:]).key_up(Keys.CONTROL)
            else:
                chain.send_keys(key)
            chain.perform()

    def hover(self, css):
        """The mouse rests there until it is moved, or another page is opened."""
        ActionChains(self.driver).move_to_element(self.find(css)).perform()

    def fill(self, css, words):
        box = self.find(css)
        box.clear()
        box.send_keys(words)

    # ---- judging
    def complaints(self):
        """What the browser has complained of since the last time."""
        self.said += [line["message"] for line in self.driver.get_log("browser") if line["level"] in ("SEVERE", "WARNING")
                and not any(word in line["message"] for word in EXPECTED)]
        said, self.said = self.said, []
        return said

    def shot(self, name, full=False):
        """Light, dark and phone, into build/test/screenshots."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        for label, how in (("light", {}), ("dark", {"dark": True}), ("phone", {"size": PHONE})):
            self.look(**how)
            self.settle()
            self.snap(SHOTS / f"{name}-{label}.png", full)
        self.look()
        self.settle()

    def snap_as(self, name):
        """As it is now."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.snap(SHOTS / f"{name}.png")

    def snap(self, path, full=False):
        more = {}
        if full:
            size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
            more = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}}
        path.write_bytes(base64.b64decode(self.cdp("Page.captureScreenshot", format="png", **more)["data"]))

    def settle(self):
        """Two frames, so that what was asked for is drawn."""
        self.driver.execute_async_script("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))")

    def axe(self, within=None):
        """No violation of WCAG 2.2 AA, light and dark."""
        self.axe_text = self.axe_text or axe_source()
        for dark in (False, True):
            self.look(dark=dark)
            self.settle()
            if not self.js("return Boolean(window.axe)"):
                self.js(self.axe_text)
            found = self.driver.execute_async_script(
                "const [within, done] = arguments; axe.run(within ? { include: [[within]] } : document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', "
                "'best-practice'], resultTypes: ['violations'] }).then((r) => done(r.violations.map((v) => ({ id: v.id, help: v.help, nodes: v.nodes.slice(0, 4).map("
                "(n) => n.html.slice(0, 200) + ' — ' + n.failureSummary) }))), (e) => done([{ id: 'axe', help: String(e) }]))", within)
            assert found == [], f"{'dark' if dark else 'light'}: " + json.dumps(found, indent=1, ensure_ascii=False)
        self.look()
