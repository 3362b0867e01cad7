#!/usr/bin/env python3
"""One of 16 peers is revoked: the authority writes the next document and pushes it to a few peers. Within 10 s everyone
refuses the revoked one, and so does a peer that was off meanwhile, once it is back. Then the same by a running
enrollment server, which does it all itself. One peer of a process that runs three: the other two go on. And one whom
nobody tells."""
import contextlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from support import ROOT, OverlayTestCase, note, rings_of
from local_overlay import Peer, environment

sys.path.insert(0, str(ROOT / "tests/services/enrolld/serve"))
from enrolld_world import Server, World  # noqa: E402

DEADLINE_S = 10


class PeersOfOneProcess(Peer):
    """Starts and stops as one; each is asked by itself."""

    def __init__(self, overlay, index, count):
        super().__init__(overlay, index, 0)  # any ports
        self.members = [Member(self, number) for number in range(count)]
        self.more = []
        for member in self.members:
            overlay.enrolld("issue", "--dir", overlay.folder / "authority", "--user", member.user, "--out",
                            self.folder / "credentials" / str(member.number))

    def command(self):
        return [*super().command(), "--peers", str(len(self.members)), *map(str, self.more)]

    def ready_nodes(self):
        return [peer["node"] for peer in json.loads(self.ready_file.read_text())["peers"]]


class Member(Peer):
    def __init__(self, host, number):
        super().__init__(host.overlay, host.index, 0)
        self.host, self.number = host, number
        self.user = f"member{number}@{host.overlay.name}"
        self.api = f"unix:{host.folder}/data/{number}/api.sock"

    def running(self):
        return self.host.running()


class RevocationTest(OverlayTestCase):
    def setUp(self):
        self.pool = ThreadPoolExecutor(8)
        self.addCleanup(self.pool.shutdown)

    def test_one_of_sixteen(self):
        # Shows: SEC-21, CONFIG-25, CONFIG-28, CONFIG-33, FM-27.
        with self.overlay(16) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            # The victim knocks at the first three for as long as it lives: they are its bootstrap nodes.
            away, victim, friend = overlay.peers[1], overlay.peers[5], overlay.peers[9]
            self.own, self.shared = f"{victim.user}/phone", "shared/list"
            for peer, key, value in ((victim, self.own, "mine"), (victim, self.shared, "bad"),
                                     (friend, self.shared, "good"), (friend, f"{friend.user}/phone", "42")):
                self.assertEqual(peer.json("put", key, value)["copies"], 3)
            self.assertEqual(away.ringway("get", self.own)[1], "mine")
            self.assertFalse(self.refuses(friend, victim))
            self.assertEqual(away.stop(), 0)
            others = [peer for peer in overlay.running() if peer is not victim]
            self.converge(overlay, 60)

            before = friend.json("status")["configuration_sequence"]
            self.revoke(overlay, victim, before)
            started = time.monotonic()
            self.push(overlay, [overlay.peers[index] for index in (0, 1, 2, 3)], away)
            note(f"pushed in {time.monotonic() - started:.1f} s")
            self.refused_everywhere(others, victim, before + 1, started)
            self.what_it_signed_is_not_accepted(others, started)
            self.it_stays_out(others, victim)
            self.converge(overlay, 60, others)

            self.one_comes_back(away, victim, friend, before + 1)
            self.converge(overlay, 60, [*others, away])
            for peer in (away, friend, overlay.peers[15]):
                self.assertEqual(peer.ringway("get", f"{friend.user}/phone")[1], "42")
                self.assertEqual(peer.json("put", f"{peer.user}/still", "works")["copies"], 3)

    def test_the_enrollment_server_brings_it_to_peers_itself(self):
        # Shows: SEC-21, CONFIG-33, FM-27.
        with self.overlay(5) as overlay, contextlib.closing(World(authority=overlay.folder / "authority")) as world:
            server = Server(world, "--push-to", ",".join(peer.address for peer in overlay.peers[:2]))
            victim = overlay.peers[3]
            self.enrol_at(server, world, victim)
            overlay.start()
            self.converge(overlay, 60)
            others = [peer for peer in overlay.peers if peer is not victim]
            self.own, self.shared = f"{victim.user}/phone", "shared/list"
            for peer, key, value in ((victim, self.own, "mine"), (victim, self.shared, "bad"),
                                     (others[0], self.shared, "good")):
                self.assertEqual(peer.json("put", key, value)["copies"], 3)

            started = time.monotonic()
            revoked = server.rpc("Revoke", f'node: "{victim.node}" reason: "stolen"')
            self.assertEqual((revoked.status, revoked.field("configuration_sequence")), (0, "2"))
            self.refused_everywhere(others, victim, 2, started)
            self.what_it_signed_is_not_accepted(others, started)
            self.eventually(lambda: self.pushed(server, 2), 15)
            told = [line["outcome"] for line in server.events("peer told of the document") if line["sequence"] == 2]
            self.assertLessEqual(set(told), {"accepted", "has_it"})
            self.assertIn("accepted", told)
            self.assertGreaterEqual(server.measures()["push_accepted"], 1)
            self.assertEqual(server.stop(), 0)

    def test_the_others_of_its_process_go_on(self):
        # Shows: CONFIG-31, FM-27.
        with self.overlay(1) as overlay, contextlib.closing(World(authority=overlay.folder / "authority")) as world:
            server, outside, host = Server(world), overlay.peers[0], PeersOfOneProcess(overlay, 1, 3)
            overlay.start()
            overlay.peers.append(host)
            host.start()
            victim, *rest = host.members  # the first of them: the others have joined through it
            self.converge(overlay, 60, [outside, *host.members])

            self.revoke(overlay, victim, 1)
            self.tell_peer(overlay, outside)
            self.eventually(lambda: "the other peers of this process go on" in host.log.read_text(), 20, host.process)
            self.assertIn("this node is shut out of the overlay: configuration 2 names it as a bad-node",
                          host.log.read_text())
            self.assertNotEqual(victim.ringway("--timeout", "5", "status")[0], 0, "its API is closed")
            self.serve(overlay, [outside, *rest])
            self.assertEqual(host.stop(), 0)

            host.start()
            self.eventually(host.ready_file.exists, 30, host.process)
            self.assertEqual(host.ready_nodes(), [peer.node for peer in rest])
            self.assertRegex(host.log.read_text(), "this peer is left out.*put the present configuration document in the "
                                                   "place of .*/credentials/0/overlay.xml")
            self.serve(overlay, [outside, *rest])
            self.assertEqual(host.stop(), 0)

            self.take_back(overlay, victim)
            self.tell_peer(overlay, outside)
            # The document before the last may not have come to the server yet: the node is not in its first, either.
            self.eventually(lambda: 'sequence="3"' in server.curl("/.well-known/reload-config").text, 30)
            self.assertNotIn(victim.node, server.curl("/.well-known/reload-config").text)
            host.more = self.server_options(server, world)
            host.start()
            self.eventually(host.ready_file.exists, 30, host.process)
            self.assertEqual(host.ready_nodes(), [peer.node for peer in host.members])
            self.serve(overlay, [outside, *host.members])
            self.assertEqual(host.stop(), 0)

    def test_one_whom_nobody_tells_asks_its_server(self):
        # Shows: CONFIG-31, ENROLL-03.
        with self.overlay(2) as overlay, contextlib.closing(World(authority=overlay.folder / "authority")) as world:
            server, (friend, victim) = Server(world), overlay.peers
            overlay.options += self.server_options(server, world)
            overlay.start()
            self.converge(overlay, 60)
            self.revoke(overlay, victim, 1)
            self.eventually(lambda: victim.node in server.curl("/.well-known/reload-config").text, 30)
            friend.kill()
            started = time.monotonic()
            self.assertEqual(victim.wait(30), 70)
            note(f"it has ended {time.monotonic() - started:.1f} s after its last neighbour was gone")
            log = victim.log.read_text()
            self.assertIn("all neighbours are lost", log)
            self.assertIn("this node is shut out of the overlay: configuration 2 names it as a bad-node", log)

            victim.start()  # the server still says so
            self.assertEqual(victim.wait(), 1)
            self.assertIn("no newer document could be fetched", victim.log_tail(1)[0])

    def serve(self, overlay, peers):
        self.converge(overlay, 60, peers)
        for peer in peers:
            self.assertEqual(peer.json("put", f"{peer.user}/works", str(time.monotonic()))["copies"], 3)

    def tell_peer(self, overlay, peer):
        out = self.enrolld(overlay, "push", "--dir", overlay.folder / "authority", "--to", peer.address)
        self.assertIn(f"{peer.address}  node {peer.node} has", out)

    def take_back(self, overlay, victim):
        edited = overlay.folder / "edited.xml"
        text = (overlay.folder / "authority/overlay.xml").read_text()
        without = re.sub(rf"<(\w+:)?bad-node>{victim.node}</(\w+:)?bad-node>", "", text)
        self.assertNotEqual(without, text)
        edited.write_text(without)
        self.enrolld(overlay, "update-config", "--dir", overlay.folder / "authority", "--edit", edited)

    @staticmethod
    def server_options(server, world):
        return ["--configuration-url", f"https://{server.https}/.well-known/reload-config", "--enrollment-ca", world.tls]

    @staticmethod
    def pushed(server, sequence):
        return any(line["sequence"] == sequence for line in server.events("document brought to peers"))

    def enrol_at(self, server, world, peer):
        """Its credentials are from the running server, which knows the device that way."""
        peer.user = f"victim@{peer.overlay.name}"
        key, folder = world.key(), peer.folder / "credentials"
        answer = server.enrol(peer.user, world.csr(key), server.invite(peer.user))
        self.assertEqual(answer.status, 200, answer.text)
        der = world.path(".cer")
        der.write_bytes(answer.body)
        pem = subprocess.run(["openssl", "x509", "-inform", "DER", "-in", der], capture_output=True, check=True).stdout
        (folder / "node.crt").write_bytes(pem + (world.authority / "issuing.crt").read_bytes())
        shutil.copy(key, folder / "node.key")

    def enrolld(self, overlay, *arguments):
        done = subprocess.run([overlay.program("ringway-enrolld"), *map(str, arguments)], capture_output=True,
                              text=True, timeout=60, check=False, env=environment())
        for line in (done.stdout + done.stderr).splitlines():
            note(f"ringway-enrolld {arguments[0]}: {line}")
        self.assertEqual(done.returncode, 0)
        return done.stdout

    def revoke(self, overlay, victim, before):
        out = self.enrolld(overlay, "update-config", "--dir", overlay.folder / "authority", "--bad-node", victim.node)
        self.assertIn(f"sequence {before + 1} ", out)
        self.assertIn("next: ringway-enrolld push", out)

    def push(self, overlay, peers, away):
        """To these; one of them is not there."""
        to = [item for peer in peers for item in ("--to", peer.address)]
        out = self.enrolld(overlay, "push", "--dir", overlay.folder / "authority", *to)
        taken = [peer for peer in peers if f"{peer.address}  node {peer.node} has" in out]
        self.assertEqual(taken, [peer for peer in peers if peer is not away], out)
        self.assertIn("3 peers have it", out)

    def of_each(self, ask, peers):
        return list(self.pool.map(ask, peers))

    def sequence_of(self, peer):
        code, out, _ = peer.ringway("status", "--json")
        return json.loads(out)["configuration_sequence"] if code == 0 else None

    @staticmethod
    def lists(ring, victim):
        """Has a link to it, or a place for it."""
        return ring is None or victim.node in (*ring["predecessors"], *ring["successors"], *ring["fingers"],
                                               *(link["node"] for link in ring["links"]))

    @staticmethod
    def puts(victim):
        """Whether somebody besides itself has what it puts now."""
        code, out, _ = victim.ringway("--timeout", "5", "put", "shared/after", "bad", "--json")
        return code == 0 and json.loads(out)["copies"] > 1  # alone, it may keep its own values

    @staticmethod
    def refuses(peer, whom):
        """Whether the peer ends a link to somebody with these credentials, whatever their own program does."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.load_cert_chain(whom.folder / "credentials/node.crt", whom.folder / "credentials/node.key")
        host, port = peer.address.rsplit(":", 1)
        try:
            with socket.create_connection((host, int(port)), 5) as plain, context.wrap_socket(plain) as link:
                link.settimeout(2)
                return link.recv(1) == b""
        except TimeoutError:
            return False  # it waits for us to say something
        except (ssl.SSLError, ConnectionError):
            return True

    def refused_everywhere(self, others, victim, sequence, started):
        def within(what, condition):
            while not condition():
                self.assertLess(time.monotonic() - started, DEADLINE_S, what)
                time.sleep(0.1)
            note(f"{what}: {time.monotonic() - started:.1f} s after it began")

        within("nobody lists it, no link is left",
               lambda: not any(self.lists(ring, victim) for ring in rings_of(others)))
        within("all have the document", lambda: set(self.of_each(self.sequence_of, others)) == {sequence})
        within("it has learnt it and ended", lambda: not victim.running())
        within("nobody takes its handshake",
               lambda: all(self.of_each(lambda peer: self.refuses(peer, victim), others)))
        self.assertLess(time.monotonic() - started, DEADLINE_S)
        self.assertEqual(victim.wait(), 70)
        why = f"this node is shut out of the overlay: configuration {sequence} names it as a bad-node"
        self.assertIn(why, victim.log.read_text())
        told = f"closed: {victim.node} is shut out by configuration {sequence}"
        self.assertTrue(any(told in peer.log.read_text() for peer in others), "its neighbours say why")

    def what_it_signed_is_not_accepted(self, readers, started=None):
        def look(peer):
            shared = [entry["value"] for entry in peer.json("get", self.shared)["entries"]]
            return peer.ringway("get", self.own)[0], shared, peer.ringway("get", "shared/after")[0]
        began = time.monotonic()
        for peer, seen in zip(readers, self.of_each(look, readers)):
            self.assertEqual(seen, (3, ["good"], 3), f"through {peer}")
        if started is not None:
            note(f"nobody shows what it has signed: asked from {began - started:.1f} s after it began on")

    def it_stays_out(self, others, victim):
        """It does not start again; nor does another program get in with what it had."""
        def refusals():
            return sum(self.of_each(lambda peer: peer.json("status")["links"]["handshakes_failed"], others))
        victim.start()
        self.assertEqual(victim.wait(), 1)
        self.assertIn("is revoked (bad-node)", "\n".join(victim.log_tail(5)))
        shutil.rmtree(victim.folder / "data")  # and so the document
        before, began = refusals(), time.monotonic()
        victim.start()
        while refusals() == before or time.monotonic() < began + 5:
            self.assertLess(time.monotonic(), began + 60, "it knocks somewhere")
            self.assertFalse(any(self.lists(ring, victim) for ring in rings_of(others)))
            time.sleep(0.2)
        note(f"it was refused {refusals() - before} handshakes in {time.monotonic() - began:.1f} s")
        self.assertFalse(self.puts(victim))
        victim.kill()

    def one_comes_back(self, away, victim, friend, sequence):
        """With the document of before, from a file and from its store."""
        self.assertNotIn(victim.node, (away.folder / "credentials" / "overlay.xml").read_text())
        began = time.monotonic()
        away.start()
        self.eventually(away.ready_file.exists, 30, away.process)
        started = time.monotonic()
        note(f"the peer that was off has come back in {started - began:.1f} s")
        while self.sequence_of(away) != sequence:
            self.assertLess(time.monotonic() - started, DEADLINE_S, "the peer that was off has the document")
            time.sleep(0.1)
        note(f"the peer that was off has the document {time.monotonic() - started:.1f} s after it is there")
        while self.lists(away.ring(), victim):
            self.assertLess(time.monotonic() - started, DEADLINE_S, "the peer that was off refuses it")
            time.sleep(0.1)
        self.eventually(lambda: away.ring()["joined"], DEADLINE_S, away.process)
        self.what_it_signed_is_not_accepted([away])
        self.assertTrue(self.refuses(away, victim))
        self.assertFalse(self.refuses(away, friend))
        self.assertFalse(self.lists(away.ring(), victim))
        note(f"it refuses the revoked one: {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    unittest.main()
