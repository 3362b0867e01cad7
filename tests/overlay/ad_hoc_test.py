#!/usr/bin/env python3
"""An overlay without any server, on a network of its own: five machines (network namespaces) on one bridge, without a
route, without DNS, find each other, form a ring, and keep values.

Runs itself again inside a namespace for network and mounts, where it is root; where that is not allowed it says so and
is skipped (exit code 77).
"""
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

INSIDE = "RINGWAY_AD_HOC_INSIDE"
SKIPPED = 77
PEERS = 5


def enter():
    """Becomes the same program inside namespaces of its own."""
    ways = [["unshare", "--net", "--mount"], ["unshare", "--user", "--map-root-user", "--net", "--mount"]]
    try_it = "mount -t tmpfs tmpfs /run && mkdir /run/netns && ip netns add probe && ip link add probe0 type bridge"
    for way in ways:
        try:
            probe = subprocess.run([*way, "sh", "-c", try_it], capture_output=True, text=True, timeout=30, check=False)
        except OSError as error:
            print(f"skipped: {error}")
            sys.exit(SKIPPED)
        if probe.returncode == 0:
            os.execvpe(way[0], [*way, sys.executable, *sys.argv], {**os.environ, INSIDE: "1"})
    print(f"skipped: no network namespace can be made here: {probe.stderr.strip()}")
    sys.exit(SKIPPED)


if __name__ == "__main__" and INSIDE not in os.environ:
    enter()

from support import PROGRAMS, OverlayTestCase, note  # noqa: E402
from local_overlay import Overlay, OverlayError, Peer  # noqa: E402


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise OverlayError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def build_network():
    """A bridge, and five namespaces with one address of each family on it; nothing else."""
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.mkdir("/run/netns")
    Path("/run/no-names").write_text("", encoding="utf-8")
    run("mount", "--bind", "/run/no-names", "/etc/resolv.conf")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "cable", "type", "bridge")
    run("ip", "link", "set", "cable", "up")
    for index in range(PEERS):
        name = f"m{index}"
        run("ip", "netns", "add", name)
        run("ip", "link", "add", f"port{index}", "type", "veth", "peer", "name", "eth0", "netns", name)
        run("ip", "link", "set", f"port{index}", "master", "cable", "up")
        run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", name, "address", "add", f"10.84.0.{index + 1}/24", "dev", "eth0")
        run("ip", "-n", name, "-6", "address", "add", f"fd84::{index + 1}/64", "dev", "eth0", "nodad")
        run("ip", "-n", name, "link", "set", "eth0", "up")


class Machine(Peer):
    """A peer on a machine of its own, started as a person would."""

    def __init__(self, overlay, index):
        super().__init__(overlay, index, 6084)
        self.folder.mkdir(exist_ok=True)

    def command(self):
        command = ["ip", "netns", "exec", f"m{self.index}", self.overlay.program("ringwayd"), "--config-document",
                   self.overlay.document, "--self-signed-user", self.user.split("@")[0], "--data",
                   self.folder / "data", "--ready-file", self.ready_file]
        return [*map(str, command), *self.overlay.options]


class AdHocOverlay(Overlay):
    def __init__(self, *init_options, options=()):
        super().__init__(1, PROGRAMS, name="site.example.org", options=options)
        self.enrolld("init", "--ad-hoc", "--overlay", self.name, "--dir", self.folder / "adhoc", *init_options)
        self.document = self.folder / "adhoc" / "overlay.xml"
        self.peers = [Machine(self, index) for index in range(PEERS)]


class AdHocTest(OverlayTestCase):
    @classmethod
    def setUpClass(cls):
        build_network()

    def check_isolation(self):
        for index in range(PEERS):
            self.assertEqual(run("ip", "-n", f"m{index}", "route", "show", "default"), "")
            self.assertEqual(run("ip", "-n", f"m{index}", "-6", "route", "show", "default"), "")
        self.assertEqual(Path("/etc/resolv.conf").read_text(encoding="utf-8"), "")

    def starts_alone_together(self, *init_options, options=()):
        self.check_isolation()
        with AdHocOverlay(*init_options, options=options) as overlay:
            overlay.start()
            started = time.monotonic()
            self.converge(overlay, 60)
            note(f"one ring of {PEERS} after {time.monotonic() - started:.1f} s, no server anywhere")
            for peer in overlay.peers:
                self.assertEqual(peer.ringway("put", f"{peer.user}/at", f"tent {peer.index}")[0], 0)
            for peer in overlay.peers:
                for other in overlay.peers:
                    self.assertEqual(peer.ringway("get", f"{other.user}/at")[1], f"tent {other.index}")
            self.assertEqual(overlay.peers[0].ringway("put", f"{overlay.peers[1].user}/at", "mine")[0], 5)
            yield overlay
            for peer in overlay.running():
                self.assertEqual(peer.stop(), 0)

    def two_of_one_name(self, overlay):
        """Somebody takes a name that another peer has had for long: both are told, and each once."""
        holder, taker = overlay.peers[1], overlay.peers[3]
        told = "another node has this user name"
        self.assertEqual(holder.json("status")["namesakes"], [])
        self.assertEqual(taker.stop(), 0)
        taker.folder, taker.user = taker.folder / "again", holder.user
        taker.folder.mkdir()
        taker.api = f"unix:{taker.folder}/data/api.sock"
        taker.start()
        self.converge(overlay, 60)
        for one, other in ((holder, taker), (taker, holder)):
            node = other.json("status")["node"]
            # k_between_looks, and what a certificate takes to get to its place.
            self.eventually(lambda: one.json("status")["namesakes"] == [node], 60)
            self.assertIn(f"{node} has this user name, too", one.ringway("status")[1])
        for one in (holder, taker):
            self.eventually(lambda: told in one.log.read_text(errors="replace"), 5)
            self.assertEqual(one.log.read_text(errors="replace").count(told), 1)
        self.assertEqual(overlay.peers[2].json("status")["namesakes"], [])

    def test_self_signed(self):
        # Shows: BOOT-05, BOOT-06, BOOT-08, SEC-22, SEC-25, FM-19.
        for overlay in self.starts_alone_together():
            status = overlay.peers[2].json("status")
            self.assertTrue(status["users_unverified"])
            self.assertIn("not verified", overlay.peers[2].ringway("status")[1])
            node = status["node"]
            # The same machine again is the same node; the others' addresses come from what it kept, and the network.
            self.assertEqual(overlay.peers[2].stop(), 0)
            overlay.peers[2].start()
            self.converge(overlay, 60)
            self.assertEqual(overlay.peers[2].json("status")["node"], node)
            self.two_of_one_name(overlay)
            # The one that began the ring is not needed either.
            overlay.peers[0].kill()
            self.eventually(lambda: overlay.peers[4].ringway("get", f"{overlay.peers[1].user}/at")[1] == "tent 1", 30)

    def test_shared_secret(self):
        # Shows: SEC-34, SEC-36, SEC-37.
        for overlay in self.starts_alone_together("--new-shared-secret"):
            self.assertEqual(overlay.document.stat().st_mode & 0o777, 0o600)
            secret = overlay.document.read_text().split("<shared-secret>")[1].split("<")[0]
            for peer in overlay.peers:
                self.assertNotIn(secret, peer.log.read_text())
            # Whoever has everything but the key stays outside.
            outsider = overlay.peers[4]
            self.assertEqual(outsider.stop(), 0)
            overlay.enrolld("init", "--ad-hoc", "--overlay", overlay.name, "--dir", overlay.folder / "other",
                            "--new-shared-secret")
            known, overlay.document = overlay.document, overlay.folder / "other" / "overlay.xml"
            subprocess.run(["rm", "-rf", outsider.folder / "data"], check=True)
            outsider.start()
            self.eventually(lambda: (outsider.ring() or {}).get("phase", "") == "joined" or outsider.ready_file.exists(),
                            60)
            time.sleep(8)
            self.assertNotEqual(outsider.ringway("get", f"{overlay.peers[0].user}/at")[0], 0)
            self.assertGreater(outsider.json("status")["links"]["handshakes_failed"], 0, "it has tried")
            outsider.kill()
            overlay.document = known
            self.converge(overlay, 60, overlay.peers[:4])

    def test_over_ipv6_alone(self):
        # Shows: BOOT-03.
        for index in range(PEERS):
            run("ip", "-n", f"m{index}", "address", "del", f"10.84.0.{index + 1}/24", "dev", "eth0")
        try:
            for _ in self.starts_alone_together(options=["--listen", "[::]:6084"]):
                pass
        finally:
            for index in range(PEERS):
                run("ip", "-n", f"m{index}", "address", "add", f"10.84.0.{index + 1}/24", "dev", "eth0")


if __name__ == "__main__":
    unittest.main()
