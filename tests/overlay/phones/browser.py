"""A page with a phone (JsSIP) in a real headless Chromium, driven over WebDriver (W3C): fake microphone, no dialogs."""
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from local_overlay import OverlayError, end_with_parent, environment

PAGE = Path(__file__).resolve().parent / "page"
PACKAGES = PAGE.parents[3] / "build" / "node" / "node_modules"  # of scripts/install-packages
DRIVER = "/usr/bin/chromedriver"
ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
             "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
             "--autoplay-policy=no-user-gesture-required",
             # The driver's end of a pipe: when it dies, however suddenly, the browser ends.
             "--remote-debugging-pipe"]


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class BrowserPhone:
    """`with BrowserPhone(spki) as phone:`; the key (SHA-256 of its SubjectPublicKeyInfo, base64) is that of the only
    certificate which needs no known authority."""

    def __init__(self, trusted_key=""):
        self.trusted_key = trusted_key
        self.folder = Path(tempfile.mkdtemp(prefix="ringway-browser-"))
        self.log = self.folder / "driver.log"
        self.driver = self.server = self.session = None

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind, error, trace):
        try:
            if kind is not None:
                self.print_log()
        finally:
            self.stop()

    def start(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(
            QuietHandler, directory=str(self.make_page())))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.start_driver()
        arguments = [*ARGUMENTS, f"--user-data-dir={self.folder}/profile"]
        if self.trusted_key:
            arguments.append(f"--ignore-certificate-errors-spki-list={self.trusted_key}")
        self.session = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments}}}})["sessionId"]
        self.ask("POST", "/url", {"url": f"http://127.0.0.1:{self.server.server_port}/"})

    def make_page(self):
        if not (PACKAGES / "jssip").is_dir():
            raise OverlayError(f"no JsSIP in {PACKAGES}: run scripts/install-packages")
        page = self.folder / "page"
        page.mkdir()
        shutil.copy(PAGE / "index.html", page)
        subprocess.run([PACKAGES / ".bin" / "esbuild", PAGE / "phone.js", "--bundle", "--log-level=warning",
                        f"--outfile={page}/phone.bundle.js"], check=True, timeout=60,
                       env={**os.environ, "NODE_PATH": str(PACKAGES)})
        return page

    def start_driver(self, timeout_s=30):
        home = self.folder / "home"
        home.mkdir()
        with open(self.log, "wb") as log:
            self.driver = subprocess.Popen([DRIVER, "--port=0"], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                           start_new_session=True, preexec_fn=end_with_parent,
                                           env={**environment(), "HOME": str(home)})
        end = time.monotonic() + timeout_s
        while not (found := re.search(r"started successfully on port (\d+)", self.log.read_text(errors="replace"))):
            if self.driver.poll() is not None or time.monotonic() > end:
                raise OverlayError(f"chromedriver does not start: {self.log.read_text(errors='replace')}")
            time.sleep(0.05)
        self.driver_url = f"http://127.0.0.1:{found[1]}"

    def stop(self):
        if self.session is not None:
            try:
                self.ask("DELETE", "", timeout_s=10)
            except (OSError, OverlayError):
                pass  # it goes with its driver
        if self.driver is not None:
            self.driver.kill()
            self.driver.wait()
        if self.server is not None:
            self.server.shutdown()
            self.server.server_close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def ask(self, method, path, body=None, timeout_s=60):
        """A WebDriver command; answers its value."""
        prefix = "" if path == "/session" else f"/session/{self.session}"
        request = urllib.request.Request(self.driver_url + prefix + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise OverlayError(f"WebDriver {method} {path}: {json.load(error)['value']['message']}") from None

    def run(self, script, *arguments):
        """Runs JavaScript in the page; a promise that it answers with is waited for."""
        return self.ask("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def register(self, url, uri, user="", password="", expires_s=600, timeout_s=30):
        self.run("phone.start(...arguments)", url, uri, user, password, expires_s)
        self.wait_for("registered", timeout_s)

    def call(self, target):
        self.run("phone.call(arguments[0])", target)

    def answer(self):
        self.wait_for("incoming")
        self.run("phone.answer()")

    def hang_up(self):
        self.run("phone.hangUp()")

    def received(self):
        return self.run("return phone.received()")

    def events(self):
        return self.run("return phone.events")

    def wait_for(self, start, timeout_s=30):
        """Until an event that begins so has come, once for each wait: earlier events are forgotten."""
        end = time.monotonic() + timeout_s
        while True:
            events = self.run("""
              const at = phone.events.findIndex((event) => event.startsWith(arguments[0]));
              return at < 0 ? null : phone.events.splice(0, at + 1)""", start)
            if events is not None:
                return events[-1]
            if time.monotonic() > end:
                raise OverlayError(f"the page had no '{start}' within {timeout_s} s, but {self.events()}")
            time.sleep(0.05)

    def print_log(self):
        print("--- the browser's phone, its SIP messages:", flush=True)
        try:
            for message in self.run("return phone.trace"):
                print(*message.splitlines(), sep="\n    ")
        except (OSError, OverlayError) as error:
            print(f"    {error}")
