# SPDX-License-Identifier: Apache-2.0
"""Drives the page in headless Chromium. Nothing here knows where the page comes from."""

import base64
import json
import os
import shutil
import sys
import urllib.parse

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait
except ImportError as error:
    sys.exit(f"{error} ({sys.executable}): install python3-selenium and run /usr/bin/python3; "
             "scripts/packages.txt lists what the tests need")

BROWSER = "/usr/bin/chromium"
DRIVER = "/usr/bin/chromedriver"
WAIT_S = 20
ARTIFACTS = os.environ.get("ARNO_ARTIFACTS", "build/artifacts")


def open_browser():
    """A headless Chromium that logs its console and its requests."""
    for program, package in ((BROWSER, "chromium"), (DRIVER, "chromium-driver")):
        if not shutil.which(program):
            sys.exit(f"{program} is missing: install {package}; scripts/packages.txt lists what "
                     "the tests need")
    options = Options()
    options.binary_location = BROWSER
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
                 "--disable-background-networking", "--disable-component-update",
                 "--no-first-run", "--hide-scrollbars", "--window-size=1440,1000"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(DRIVER), options=options)


class PageUnderTest:
    """The live page as a person uses it: what it shows, and what can be done with it."""

    def __init__(self, driver, address):
        self.driver = driver
        self.address = address

    def open(self, width=1440, height=1000, dark=False, reduced_motion=True):
        """Opens the page in a window of that size and waits until the graph is drawn."""
        self.emulate(width, height, dark, reduced_motion)
        # A page that was open before may still ask its server, which is gone.
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(self.address)
        self.wait(lambda: self.actors(), "no actor was drawn")

    def emulate(self, width, height, dark=False, reduced_motion=True):
        """Sets the size of the window and the person's preferences."""
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion",
             "value": "reduce" if reduced_motion else "no-preference"}]})

    def wait(self, holds, message, seconds=WAIT_S):
        """Waits until `holds()` is true and returns its value."""
        return WebDriverWait(self.driver, seconds, 0.1).until(lambda _: holds(), message)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """The text of the first node that matches, as it stands in the document."""
        return self.script("return document.querySelector(arguments[0])?.textContent ?? ''",
                           selector)

    def script(self, source, *arguments):
        return self.driver.execute_script(source, *arguments)

    def actors(self):
        """Names of the actors in the picture, in its order."""
        return self.script("return [...document.querySelectorAll('[data-actor]')]"
                           ".map(node => node.dataset.actor)")

    def edges(self):
        """Names of the edges that are drawn."""
        return self.script("return [...document.querySelectorAll('[data-edge]')]"
                           ".filter(node => node.querySelector('.line').getTotalLength() > 0)"
                           ".map(node => node.dataset.edge)")

    def actor_text(self, name, part):
        """`part` (rate, share, kind, replicas, tag) of the box of actor `name`."""
        return self.text(f'[data-actor="{name}"] .actor-{part}')

    def actor_classes(self, name):
        """CSS classes of the box of actor `name`: is-bottleneck, new, has-errors."""
        return self.script("return document.querySelector(`[data-actor=\"${arguments[0]}\"]`)"
                           ".getAttribute('class').split(' ')", name)

    def corners(self):
        """Where the boxes of the actors begin in the picture: name to [x, y]."""
        return self.script("return Object.fromEntries([...document.querySelectorAll("
                           "'[data-actor]')].map(node => [node.dataset.actor, ['x', 'y']"
                           ".map(side => Number(node.querySelector('.frame')"
                           ".getAttribute(side)))]))")

    def focused_actor(self):
        return self.script("return document.activeElement.dataset.actor")

    def spoken(self, selector):
        """The value that a screen reader says of a chart."""
        return self.script("return document.querySelector(arguments[0])"
                           ".getAttribute('aria-valuetext')", selector)

    def shown_points(self):
        """First and last step of the loss curve."""
        chart = "document.querySelector('#loss-chart svg.chart')"
        return tuple(self.script(f"return ['min', 'max'].map(end => "
                                 f"Number({chart}.getAttribute('aria-value' + end)))"))

    def edge_words(self, name):
        """What a screen reader says of the edge `name`."""
        return self.script("return document.querySelector(`[data-edge=\"${arguments[0]}\"]`)"
                           ".getAttribute('aria-label')", name)

    def curve(self, chart):
        """The path of the first curve of `chart` (loss, throughput, scores)."""
        return self.script("return document.querySelector(arguments[0])?.getAttribute('d') ?? ''",
                           f"#{chart}-chart [data-series]")

    def events(self, kind=""):
        """Texts of the events of `kind`, newest first."""
        selector = f'#events [data-kind="{kind}"]' if kind else "#events [data-kind]"
        return self.script("return [...document.querySelectorAll(arguments[0])]"
                           ".map(node => node.textContent)", selector)

    def banner(self):
        """The text of the banner on the connection, empty while there is one."""
        return self.script("const banner = document.getElementById('connection');"
                           "return banner.hidden ? '' : banner.textContent")

    def rows(self, selector):
        """Texts of the cells of a table, row by row."""
        return self.script("return [...document.querySelectorAll(`${arguments[0]} tbody tr`)]"
                           ".map(row => [...row.cells].map(cell => cell.textContent))", selector)

    def press(self, *keys):
        self.driver.switch_to.active_element.send_keys(*keys)

    def tab_until(self, selector, limit=40):
        """Presses Tab until a node that matches has the focus; whether one got it."""
        for _ in range(limit):
            self.press(Keys.TAB)
            if self.script("return document.activeElement.matches(arguments[0])", selector):
                return True
        return False

    def sideways(self):
        """By how many pixels the page is wider than its window."""
        return self.script("return document.documentElement.scrollWidth - innerWidth")

    def overflowing(self):
        """Texts of the graph that stand outside of their actor's box."""
        return self.script("""
          const out = [];
          for (const actor of document.querySelectorAll('[data-actor]')) {
            const box = actor.querySelector('.frame').getBoundingClientRect();
            for (const text of actor.querySelectorAll('text:not(.actor-tag)')) {
              const at = text.getBoundingClientRect();
              if (at.width && (at.right > box.right || at.left < box.left))
                out.push(actor.dataset.actor + ': ' + text.textContent);
            }
          }
          return out;""")

    def overlapping(self):
        """Pairs of actors whose boxes overlap."""
        return self.script("""
          const boxes = [...document.querySelectorAll('[data-actor]')].map(node =>
              [node.dataset.actor, node.querySelector('.frame').getBoundingClientRect()]);
          return boxes.flatMap(([name, a], i) => boxes.slice(i + 1).filter(([, b]) =>
              a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
              .map(([other]) => name + ' ' + other));""")

    def console_errors(self):
        """Errors and warnings of the console since the page was opened."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def foreign_requests(self):
        """Addresses asked that are not of the page's server, and how many were asked in all.

        Counts from the opening of the page, or from the last call."""
        own = urllib.parse.urlsplit(self.address).netloc
        asked = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                asked.append(message["params"]["request"]["url"])
        return [url for url in asked if not url.startswith("data:") and
                urllib.parse.urlsplit(url).netloc != own], len(asked)

    def foreign_image_is_blocked(self, address):
        """Whether the server's policy keeps the page from asking `address` for an image."""
        return self.driver.execute_async_script("""
          const [address, done] = arguments;
          document.addEventListener('securitypolicyviolation',
                                    (event) => done(event.blockedURI === address), {once: true});
          const image = new Image();
          image.onload = () => done(false);
          image.src = address;""", address)

    def screenshot(self, name):
        """Keeps a picture of the whole page among the artifacts; returns its path."""
        os.makedirs(ARTIFACTS, exist_ok=True)
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        shot = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": size["width"], "height": size["height"],
                     "scale": 1}})
        path = os.path.join(ARTIFACTS, f"page-{name}.png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
        return path
