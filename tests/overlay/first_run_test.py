#!/usr/bin/env python3
"""The whole first run, from empty folders: an enrollment server with a real mail server, `ringway enroll` with one URL,
a bootstrap peer, more peers, put and get. Then the enrollment server is stopped, and nobody misses it."""
import contextlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import termios
import time
import unittest

from support import PROGRAMS, ROOT, OverlayTestCase, note
from local_overlay import Overlay, end_with_parent, environment, free_ports

sys.path.insert(0, str(ROOT / "tests/services/enrolld/serve"))
from enrolld_world import World  # noqa: E402

VALUES = 40
DEADLINE_S = 60


class FirstRun(OverlayTestCase):
    def setUp(self):
        self.overlay_ = Overlay(3, PROGRAMS)
        self.alice, self.bob, self.carol = self.overlay_.peers
        # The document names alice's peer as the one to join through.
        https, grpc = free_ports(2)
        self.url = f"https://localhost:{https}"
        self.world = World(mail=True, init=["--bootstrap", self.alice.address, "--enrollment-server",
                                            f"{self.url}/enroll"])
        self.addCleanup(self.world.close)
        self.server = self.world.server(*self.world.mail_options(), "--proof", "invitation", "--proof", "password",
                                        "--https", f"127.0.0.1:{https}", "--public-url", self.url, "--grpc",
                                        f"127.0.0.1:{grpc}")
        self.addCleanup(self.tell)

    def tell(self):
        if not self._outcome.success:
            print(f"--- the enrollment server\n{self.server.log}", file=sys.stderr)

    def enroll_command(self, peer, *options, out=None):
        return [f"{PROGRAMS}/ringway", "enroll", peer.user, "--config-url", self.url, "--ca", str(self.world.tls), "--out",
                str(out or peer.folder / "credentials"), *map(str, options)]

    def start_options(self, peer, *more):
        """The program becomes ringwayd, which knows nobody but the document's bootstrap peer."""
        return ["--start", "--", "--data", peer.folder / "data", "--listen", peer.address, "--ready-file",
                peer.ready_file, *more]

    def begin(self, peer, *options, typed=subprocess.DEVNULL, **environ):
        """`ringway enroll`, in the peer's place; its output goes to the peer's log."""
        peer.folder.mkdir(exist_ok=True)
        with open(peer.log, "ab") as log:
            peer.process = subprocess.Popen(self.enroll_command(peer, *options), stdin=typed, stdout=log,
                                            stderr=log, start_new_session=True, preexec_fn=end_with_parent,
                                            env={**environment(), "no_proxy": "localhost", **environ})
        return peer.process

    def mail_to(self, peer):
        """The link's path and the code in the newest mail to that user."""
        self.eventually(lambda: self.world.mails_to(peer.user), DEADLINE_S, peer.process)
        text = self.world.mails_to(peer.user)[-1]["parts"]["text/plain"]
        link = re.search(r"https://\S+", text).group()
        return link[len(self.url):], re.search(r"^\s+(\d{4} \d{4})\s*$", text, re.M).group(1)

    def operator(self, *arguments):
        done = subprocess.run([f"{PROGRAMS}/ringway-enrolld", *arguments, "--state", str(self.server.state), "--json"],
                              capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment())
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def by_the_link(self):
        """Alice, whose peer is the overlay's first."""
        process = self.begin(self.alice, "--label", "laptop", *self.start_options(self.alice, "--first-peer"))
        link, code = self.mail_to(self.alice)
        self.assertEqual(self.server.curl(link).status, 200)
        self.assertFalse((self.alice.folder / "credentials/node.key").exists(), "opening the link proves nothing")
        self.assertEqual(self.server.curl(link, "-X", "POST").status, 200)
        self.eventually(self.alice.ready_file.exists, DEADLINE_S, process)
        log = self.alice.log.read_text()
        self.assertIn(f"{self.alice.user} is enrolled", log)
        for secret in (code, link.rsplit("/", 1)[1]):
            self.assertNotIn(secret, log)
        note("alice has followed the link; her peer is the first")

    def by_invitation(self):
        token = self.operator("invite", "--user", self.bob.user)["token"]
        process = self.begin(self.bob, *self.start_options(self.bob), RINGWAY_INVITATION=token)
        self.eventually(self.bob.ready_file.exists, DEADLINE_S, process)
        self.assertNotIn(token, self.bob.log.read_text())
        note("bob was invited; his peer has joined through the document's bootstrap peer")

    def by_the_code_after_an_interruption(self):
        process = self.begin(self.carol)
        _, code = self.mail_to(self.carol)
        self.eventually(lambda: "waiting until" in self.carol.log.read_text(), DEADLINE_S, process)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(DEADLINE_S), 130)
        self.assertFalse((self.carol.folder / "credentials/node.key").exists())

        keyboard, screen = os.openpty()
        self.addCleanup(os.close, keyboard)
        self.addCleanup(os.close, screen)
        process = self.begin(self.carol, *self.start_options(self.carol), typed=screen)
        self.eventually(lambda: not termios.tcgetattr(screen)[3] & termios.ECHO, DEADLINE_S, process)
        os.write(keyboard, b"0000 0000\n")
        self.eventually(lambda: "not the code" in self.carol.log.read_text(), DEADLINE_S, process)
        os.write(keyboard, code.encode() + b"\n")
        self.eventually(self.carol.ready_file.exists, DEADLINE_S, process)
        self.assertTrue(termios.tcgetattr(screen)[3] & termios.ECHO, "the terminal is left as it was")
        os.set_blocking(keyboard, False)
        with contextlib.suppress(BlockingIOError):
            self.assertNotIn(code.encode(), os.read(keyboard, 4096), "what is typed is not shown")
        self.assertEqual(len(self.world.mails_to(self.carol.user)), 1, "the same enrolment went on")
        note("carol has typed the code, after an interruption")

    def check_folder(self, peer):
        folder = peer.folder / "credentials"
        self.assertEqual(stat.S_IMODE(os.stat(folder).st_mode), 0o700)
        self.assertEqual(stat.S_IMODE(os.stat(folder / "node.key").st_mode), 0o600)
        source = json.loads((folder / "enrollment.json").read_text())
        self.assertEqual(source["configuration_url"], f"{self.url}/.well-known/reload-config")
        self.assertEqual(sorted(path.name for path in folder.iterdir()),
                         ["enrollment.json", "node.crt", "node.key", "overlay.xml"])

    def check_refusals(self):
        """A name without its proof, and credentials that are there already."""
        peer = self.overlay_.peers[0]
        for out, environ, code, words in (
                (self.world.folder / "x", {"RINGWAY_PASSWORD": "guessed"}, 5, "not good"),
                (None, {"RINGWAY_INVITATION": "rwi_wrong"}, 2, "--force")):
            done = subprocess.run(self.enroll_command(peer, out=out), capture_output=True, text=True, timeout=DEADLINE_S,
                                  check=False, stdin=subprocess.DEVNULL,
                                  env={**environment(), "no_proxy": "localhost", **environ})
            self.assertEqual(done.returncode, code, done.stderr)
            self.assertIn(words, done.stderr)

    def check_accounts(self):
        accounts = {account["user"]: account["devices"] for account in self.operator("list")["accounts"]}
        for peer in self.overlay_.peers:
            self.assertEqual([device["node"] for device in accounts[peer.user]], [peer.node])
        self.assertEqual(accounts[self.alice.user][0]["label"], "laptop")
        self.assertTrue(self.operator("statistics")["counters"])

    def values_of_their_own(self, text):
        peers = self.overlay_.peers
        for peer in peers:
            self.assertEqual(peer.ringway("put", f"{peer.user}/card", f"{peer.user} {text}")[0], 0)
        for peer in peers:
            for other in peers:
                self.assertEqual(other.ringway("get", f"{peer.user}/card")[:2], (0, f"{peer.user} {text}"))
        self.assertEqual(self.bob.ringway("put", f"{self.alice.user}/card", "forged")[0], 5)

    def test_from_empty_folders_to_values_and_on_without_the_server(self):
        # Shows: ENROLL-05, ENROLL-11, ENROLL-12, ENROLL-16.
        with self.overlay_ as overlay:
            self.by_the_link()
            self.by_invitation()
            self.by_the_code_after_an_interruption()
            self.converge(overlay, 60)
            for peer in overlay.peers:
                self.check_folder(peer)
            self.check_accounts()
            self.check_refusals()
            self.values_of_their_own("at first")
            self.put_values(overlay.peers, VALUES)
            self.find_values(overlay.peers, VALUES, 30)

            self.assertEqual(self.server.stop(), 0)
            note("the enrollment server is stopped")
            self.values_of_their_own("without the server")
            for peer in overlay.peers:  # one after the other
                self.assertEqual(peer.stop(), 0)
                peer.start()
                self.converge(overlay, 60)
            self.find_values(overlay.peers, VALUES, 30)
            for peer in overlay.peers:  # all at once, as by a loss of power
                peer.kill()
            overlay.start()
            self.converge(overlay, 60)
            self.find_values(overlay.peers, VALUES, 30)
            self.values_of_their_own("after the restart")
            self.put_values(overlay.peers, VALUES, "shared/later-")
            for peer in overlay.peers:
                self.assertEqual(peer.stop(), 0)


if __name__ == "__main__":
    unittest.main()
