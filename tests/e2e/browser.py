"""A real browser for tests of pages: Debian's Chromium, driven by its chromedriver through Selenium. One process, which shows pages
as a phone or a desktop does, light or dark, with scripts allowed or not. It trusts the key of the gateway's certificate and no other. Needs the
system's python3 (python3-selenium)."""

import atexit
import base64
import hashlib
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from environment import BUILD, TOP, wait_for

# Width, height, pixels of the screen for one of CSS, touch
SIZES = {"desktop": (1280, 900, 1, False), "phone": (375, 812, 2, True), "narrow": (320, 640, 1, True)}
# Each way in which a page is looked at.
MODES = [{"size": size, "dark": dark} for size in ("desktop", "phone") for dark in (False, True)]
QUIET = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars")
# WCAG 2.2 AA and what axe calls best practice
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AXE = BUILD / "browser" / "node_modules" / "axe-core" / "axe.min.js"


def key_of(url, cafile):
    """Of the server, checked against its CA: the hash that Chromium takes for a key that it may trust."""
    where = urllib.parse.urlsplit(url)
    context = ssl.create_default_context(cafile=cafile)
    with socket.create_connection((where.hostname, where.port), timeout=60) as s, \
            context.wrap_socket(s, server_hostname=where.hostname) as tls:
        cert = x509.load_der_x509_certificate(tls.getpeercert(True))
    spki = cert.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


class Browser:
    def __init__(self, url, cafile, language="en"):
        self.url = url
        self.folder = Path(tempfile.mkdtemp(prefix="gatehouse-browser-", dir="/tmp"))
        self.downloads = self.folder / "downloads"
        self.downloads.mkdir()
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for argument in (*QUIET, f"--user-data-dir={self.folder / 'profile'}",
                         f"--ignore-certificate-errors-spki-list={key_of(url, cafile)}"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"intl.accept_languages": language,
                                                  "download.default_directory": str(self.downloads)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # Chromium writes to the home of whoever starts it
        env = {**os.environ, "HOME": str(self.folder)}
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver", env=env))
        atexit.register(self.close)
        self.driver.set_page_load_timeout(30)
        self.mode()

    def close(self):
        if self.driver is not None:
            self.driver.quit()
            self.driver = None
            shutil.rmtree(self.folder, ignore_errors=True)

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def mode(self, size="desktop", dark=False, javascript=True):
        """How pages are shown from the next one on, and at once as far as it changes the present one."""
        width, height, scale, touch = SIZES[size]
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=touch)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=touch)
        self.cdp("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        self.cdp("Emulation.setScriptExecutionDisabled", value=not javascript)
        return self

    # --- what a person does ----------------------------------------------------------------------
    def open(self, path):
        self.driver.get(urllib.parse.urljoin(self.url, path))
        return self

    @property
    def path(self):
        where = urllib.parse.urlsplit(self.driver.current_url)
        return where.path + (f"?{where.query}" if where.query else "")

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector="main"):
        return self.one(selector).text

    def fill(self, **fields):
        """By the names of the fields; a path is a file to send."""
        for name, value in fields.items():
            field = self.one(f"[name='{name}']")
            if field.tag_name == "select":
                field.find_element(By.CSS_SELECTOR, f"option[value='{value}']").click()
                continue
            if field.get_attribute("type") != "file":
                field.clear()
            field.send_keys(str(value))
        return self

    def click(self, selector):
        """A link or button that leads to another page, which is there when this returns."""
        return self.follow(self.one(selector), selector)

    def link(self, text):
        """Follow the link with this text."""
        return self.follow(self.driver.find_element(By.PARTIAL_LINK_TEXT, text), text)

    def follow(self, element, what):
        before = self.one("html").id
        element.click()
        wait_for(lambda: self.is_other_page(before), f"another page after {what}")
        return self

    def is_other_page(self, before):
        try:
            return self.all("footer") and self.one("html").id != before
        except WebDriverException:  # between the pages
            return False

    def download(self, action):
        """The file that action() brings."""
        before = set(self.downloads.iterdir())
        action()

        def done():
            new = set(self.downloads.iterdir()) - before
            return new and not any(p.suffix == ".crdownload" or p.name.startswith(".") for p in new) and new
        return wait_for(done, "a downloaded file").pop()

    # --- what a test looks at ----------------------------------------------------------------------
    def screenshot(self, file, whole=True):
        """The page as PNG; the whole of it, or what fits on the screen."""
        Path(file).parent.mkdir(exist_ok=True)
        shot = self.cdp("Page.captureScreenshot", format="png", optimizeForSpeed=True, captureBeyondViewport=whole, **({"clip": {
            "x": 0, "y": 0, **self.content_size(), "scale": 1}} if whole else {}))
        Path(file).write_bytes(base64.b64decode(shot["data"]))

    def content_size(self):
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        return {"width": size["width"], "height": size["height"]}

    def is_too_wide(self):
        """Does it scroll sideways? A phone's layout viewport grows with what is too wide: its element <html> does not."""
        return self.driver.execute_script("const e = document.documentElement; return e.scrollWidth > e.clientWidth")

    def console(self):
        """What the browser has complained about since the last call: refused by CSP, not found, no TLS."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def axe(self):
        """Findings of axe-core, a line for each."""
        if not AXE.exists():
            subprocess.run([TOP / "tests" / "setup" / "browser.sh"], check=True)
        self.driver.execute_script(AXE.read_text())
        result = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']}).then("
            "r => done({passes: r.passes.length, violations: r.violations}), e => done({failed: String(e)}));", RULES)
        if "failed" in result or result["passes"] < 5:
            raise AssertionError(f"axe did not run: {result}")
        return [f"{v['id']}: {v['help']}: {' '.join(map(str, n['target']))}: {n['failureSummary']}"
                for v in result["violations"] for n in v["nodes"]]


def of(env, **options):
    """For the gateway of an Environment."""
    return Browser(env.var["GATEHOUSE_URL"], env.var["GATEHOUSE_CAFILE"], **options)
