#!/usr/bin/env python3
"""Peers with short-lived certificates of a real enrollment server: they renew them while they run, nothing that was put
is lost when the old ones end, neither of theirs nor of a further user's, and a newer document that one of them finds at the
server reaches all."""
import itertools
import json
import os
import subprocess
import sys
import time
import unittest

from support import ROOT, Overlay, OverlayTestCase, PROGRAMS, note, rings_of
from local_overlay import environment, free_ports

sys.path.insert(0, str(ROOT / "tests/services/enrolld/serve"))
from enrolld_world import OVERLAY, World  # noqa: E402

PEERS = 4
VALUES = 12
LIFE_S = 120


class RenewalTest(OverlayTestCase):
    def setUp(self):
        os.environ["no_proxy"] = "localhost"
        self.world = World()
        self.addCleanup(self.world.close)
        https, grpc = free_ports(2)
        many = 100_000
        options = [f"--{name}-per-{of}={many}" for name, of in (("attempts", "source"), ("certificates", "source"),
                                                                ("certificates", "name"), ("nodes", "source"))]
        self.server = self.world.server("--https", f"127.0.0.1:{https}", "--grpc", f"127.0.0.1:{grpc}",
                                        "--public-url", f"https://localhost:{https}", "--grpc-public",
                                        f"localhost:{grpc}", "--certificate-days", LIFE_S / 86400, *options)
        self.url = f"https://localhost:{https}"

    def enrol(self, user, folder):
        """Credentials of this user in the folder; answers its Node-ID."""
        token = self.world.path(".token")
        token.write_text(self.server.invite(user))
        done = subprocess.run([f"{PROGRAMS}/ringway", "enroll", user, "--config-url", self.url, "--ca", str(self.world.tls),
                               "--overlay", OVERLAY, "--invitation-file", str(token), "--out", str(folder)],
                              capture_output=True, text=True, timeout=60, check=False, stdin=subprocess.DEVNULL,
                              env=environment())
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        leaf = subprocess.run(["openssl", "x509", "-in", str(folder / "node.crt"), "-outform", "DER"], capture_output=True,
                              check=True)
        [destination] = self.world.nodes_in(leaf.stdout)
        return destination[-32:]

    def keep_away_from_documents(self, peer):
        """The peer may renew, but not look for documents."""
        path = peer.folder / "credentials" / "enrollment.json"
        source = json.loads(path.read_text())
        del source["configuration_url"]
        path.write_text(json.dumps(source))

    def make_gateway(self, peer, user, folder):
        """The peer writes as that user, too."""
        policy = folder / "policy.json"
        policy.write_text(json.dumps({"rules": [{
            "client": {"uid": os.geteuid()}, "as": ["self", user], "keys": [""],
            "methods": ["put", "get", "remove", "stat", "status", "ring", "ping", "leave"]}]}))
        command = [*peer.command(), "--user-credentials", str(folder), "--api-policy", str(policy)]
        peer.command = lambda: command

    def statuses(self):
        return [peer.json("status") for peer in self.overlay_now.peers]

    def every(self, holds, timeout_s):
        """Waits until this holds for the status of every peer; answers them."""
        end = time.monotonic() + timeout_s
        while True:
            statuses = self.statuses()
            if all(map(holds, statuses)):
                return statuses
            self.assertLess(time.monotonic(), end, f"not within {timeout_s} s: {statuses}")
            time.sleep(0.3)

    def test_certificates_renew_while_peers_run(self):
        # Shows: SEC-38, CERT-04, ENROLL-14, CONFIG-06.
        with Overlay(PEERS, PROGRAMS, options=["--configuration-poll-s", "6"]) as overlay:
            self.overlay_now = overlay
            for peer in overlay.peers:
                self.enrol(peer.user, peer.folder / "credentials")
            for peer in overlay.peers[1:]:
                self.keep_away_from_documents(peer)
            carol = f"carol@{OVERLAY}"
            self.enrol(carol, overlay.folder / "users" / "carol")
            carols_ms = (time.time() + LIFE_S) * 1000
            carols = (overlay.folder / "users" / "carol" / "node.crt").read_text()
            self.make_gateway(overlay.peers[0], carol, overlay.folder / "users")
            self.server.stop()

            overlay.start()
            overlay.wait_converged(40, rings_of=rings_of)
            first = self.every(lambda status: status["renewal"]["failing"], 30)
            self.assertTrue(all("in vain" in peer.ringway("status")[1] for peer in overlay.peers))
            pairs = [[(peer.folder / "credentials" / name).read_bytes() for name in ("node.key", "node.crt")]
                     for peer in overlay.peers]
            alice = overlay.peers[0]
            for number in range(VALUES):
                alice.json("put", f"{alice.user}/{number}", f"value {number}")
                alice.json("put", f"{carol}/{number}", f"value {number}", "--as", carol)
            note("the server is away, every peer has tried to renew in vain")

            self.server.start()
            renewed = self.every(lambda status: status["renewal"].get("succeeded", 0) >= 1, LIFE_S)
            note("every peer has renewed")
            for before, after, pair, peer in zip(first, renewed, pairs, overlay.peers):
                self.assertEqual((after["node"], after["user"]), (before["node"], before["user"]))
                self.assertGreater(after["certificate_not_after_ms"], before["certificate_not_after_ms"])
                self.assertGreater(after["uptime_s"], before["uptime_s"])
                self.assertFalse(after["renewal"]["failing"])
                folder = peer.folder / "credentials"
                for name, old in zip(("node.key", "node.crt"), pair):
                    self.assertNotEqual((folder / name).read_bytes(), old)
                self.assertEqual((folder / "node.key").stat().st_mode & 0o777, 0o600)
                self.assertFalse(list(folder.glob("*.next")))

            # Until none of the first certificates is good any more.
            end_ms = max(carols_ms, *(status["certificate_not_after_ms"] for status in first))
            time.sleep(max(0, end_ms / 1000 - time.time()) + 2)
            for peer in overlay.peers:
                for number, user in itertools.product(range(VALUES), (alice.user, carol)):
                    answer = peer.json("get", f"{user}/{number}")
                    self.assertEqual([entry["value"] for entry in answer["entries"]], [f"value {number}"])
                    self.assertEqual(answer["discarded"], 0)
            storage = alice.json("status")["storage"]
            self.assertGreaterEqual(storage["values_signed_again"], 2 * VALUES)
            self.assertNotEqual((overlay.folder / "users" / "carol" / "node.crt").read_text(), carols)
            overlay.wait_converged(30, rings_of=rings_of)
            note(f"{VALUES} values are there after the first certificates have ended")

            mallory = self.enrol(f"mallory@{OVERLAY}", overlay.folder / "mallory")
            sequence = alice.json("status")["configuration_sequence"]
            self.assertEqual(self.server.rpc("Revoke", f'node: "{mallory}" reason: "test"').status, 0)
            found = self.every(lambda status: status["configuration_sequence"] == sequence + 1, 30)
            self.assertGreaterEqual(found[0]["configuration_poll"]["succeeded"], 1)
            self.assertFalse(found[1]["configuration_poll"]["on"])
            note("the new document is everywhere")

            last = overlay.peers[-1]
            self.assertEqual(last.stop(), 0)
            last.start()
            overlay.wait_converged(40, rings_of=rings_of)
            self.assertEqual(last.json("status")["node"], first[-1]["node"])


if __name__ == "__main__":
    unittest.main()
