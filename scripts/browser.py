# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# A headless Chromium that is told what to do over WebDriver, with nothing but
# Python's standard library and Debian's chromium and chromium-driver.

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # W3C WebDriver, section 12.1


def available():
    return all(shutil.which(name) for name in ("chromium", "chromedriver"))


class Browser:
    """One window with a profile of its own; a context manager."""

    def __init__(self, width=1400, height=1000):
        self.size = (width, height)

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="weft-chromium-")
        # Another session's settings and proxies are not this one's.
        environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        environment["HOME"] = self.folder.name
        self.driver = subprocess.Popen(
            ["chromedriver", "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=environment,
        )
        try:
            self.base = self._address()
            width, height = self.size
            arguments = FLAGS + [
                f"--user-data-dir={self.folder.name}/profile",
                f"--window-size={width},{height}",
            ]
            session = self._call(
                "POST",
                "/session",
                {
                    "capabilities": {
                        "alwaysMatch": {
                            "browserName": "chrome",
                            "goog:chromeOptions": {
                                "binary": shutil.which("chromium"),
                                "args": arguments,
                            },
                            "goog:loggingPrefs": {"browser": "ALL"},
                        }
                    }
                },
            )
            self.session = f"/session/{session['sessionId']}"
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        try:
            self._call("DELETE", self.session)
        except Exception:
            pass
        self._stop()

    def _stop(self):
        self.driver.terminate()
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            self.driver.kill()
        self.driver.stdout.close()
        # Chromium may still be writing its profile.
        for _ in range(20):
            try:
                self.folder.cleanup()
                return
            except OSError:
                time.sleep(0.1)

    def _address(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return f"http://127.0.0.1:{found[1]}"
        raise RuntimeError("chromedriver did not start")

    def _call(self, method, path, body=None, timeout=120):
        request = urllib.request.Request(
            self.base + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=timeout) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{method} {path}: {error.read().decode()[:400]}") from None

    def open(self, path):
        """Loads a file; gives the seconds until it is there."""
        start = time.monotonic()
        self._call("POST", self.session + "/url", {"url": "file://" + os.path.abspath(path)})
        return time.monotonic() - start

    def run(self, script, *arguments):
        """The value that a script returns."""
        return self._call(
            "POST", self.session + "/execute/sync", {"script": script, "args": list(arguments)}
        )

    def settle(self):
        """Waits until what was asked for is drawn: two frames."""
        self._call(
            "POST",
            self.session + "/execute/async",
            {
                "script": "const done = arguments[0];"
                "requestAnimationFrame(() => requestAnimationFrame(() => done()));",
                "args": [],
            },
        )

    def element(self, selector):
        found = self._call(
            "POST", self.session + "/element", {"using": "css selector", "value": selector}
        )
        return found[ELEMENT]

    def _pointer(self, *actions):
        self._call(
            "POST",
            self.session + "/actions",
            {
                "actions": [
                    {
                        "type": "pointer",
                        "id": "mouse",
                        "parameters": {"pointerType": "mouse"},
                        "actions": list(actions),
                    }
                ]
            },
        )
        self.settle()

    def move(self, x, y):
        """The pointer to a point of the window."""
        self._pointer({"type": "pointerMove", "x": int(x), "y": int(y), "duration": 0})

    def click(self, x, y):
        self.drag([(x, y)])

    def drag(self, points):
        """Presses at the first point, moves along the others, lets go."""
        moves = [
            {"type": "pointerMove", "x": int(x), "y": int(y), "duration": 20} for x, y in points
        ]
        down, up = {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}
        self._pointer(moves[0], down, *moves[1:], up)

    def wheel(self, x, y, delta):
        self._call(
            "POST",
            self.session + "/actions",
            {
                "actions": [
                    {
                        "type": "wheel",
                        "id": "wheel",
                        "actions": [
                            {
                                "type": "scroll",
                                "x": int(x),
                                "y": int(y),
                                "deltaX": 0,
                                "deltaY": int(delta),
                                "duration": 0,
                            }
                        ],
                    }
                ]
            },
        )
        self.settle()

    def keys(self, selector, text):
        """Types into an element, which gets the focus."""
        element = self.element(selector)
        self._call("POST", f"{self.session}/element/{element}/value", {"text": text})
        self.settle()

    def rectangle(self, selector):
        """x, y, width, height in the window, scrolled into view."""
        self.run(
            "document.querySelector(arguments[0]).scrollIntoView({block: 'center'})", selector
        )
        self.settle()
        return self.run(
            "const r = document.querySelector(arguments[0]).getBoundingClientRect();"
            "return [r.x, r.y, r.width, r.height];",
            selector,
        )

    def logs(self):
        """What the page said on its console, errors among it."""
        return self._call("POST", self.session + "/se/log", {"type": "browser"})

    def screenshot(self, path, whole=False, part=None):
        """The window, the whole page, or one element of it, as a PNG."""
        if whole:
            width = self.size[0]
            height = self.run("return document.documentElement.scrollHeight")
            self._call(
                "POST",
                self.session + "/window/rect",
                {"x": 0, "y": 0, "width": width, "height": int(height) + 200},
            )
            self.settle()
        where = f"/element/{self.element(part)}" if part else ""
        picture = self._call("GET", f"{self.session}{where}/screenshot")
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture))
