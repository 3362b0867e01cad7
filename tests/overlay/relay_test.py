#!/usr/bin/env python3
"""A peer that relays, with clients of another maker: coturn's (Debian package coturn)."""
import json
import re
import signal
import socket
import subprocess
import time
import unittest

from support import OverlayTestCase, note
from local_overlay import free_ports
from phones.peers import make_certificate

REALM_USER, PASSWORD = "alice", "secret"
SHARED_SECRET = "a secret of an application"
RELAY, PEER_HOST = "127.0.0.1", "127.0.0.2"
MESSAGES = 20


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as tried:
            tried.bind(("::1", 0))
        return True
    except OSError:
        return False


class RelayTest(OverlayTestCase):
    def setUp(self):
        self.context = self.overlay(1)
        overlay = self.enterContext(self.context)
        self.peer = overlay.peers[0]
        self.users = self.secret_file("users", f"{REALM_USER}:{PASSWORD}\n")
        self.certificate, key, _ = make_certificate(self.peer.folder)
        self.peer.options = [
            "--role", "relay", "--relay-listen", f"udp:{RELAY}:0,tcp:{RELAY}:0,tls:{RELAY}:0",
            "--relay-static-user", self.users, "--relay-shared-secret", self.secret_file("secret", SHARED_SECRET),
            "--relay-cert", self.certificate, "--relay-key", key, "--relay-per-user", "1000",
            "--relay-allow-peer", f"{PEER_HOST}/32"]
        if has_ipv6():
            self.peer.options += ["--relay-listen", "udp:[::1]:0"]
        self.echo_port = free_ports(1)[0]
        self.echo = subprocess.Popen(["turnutils_peer", "-L", PEER_HOST, "-p", str(self.echo_port)],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, self.echo)

    def secret_file(self, name, text):
        file = self.peer.folder / name
        file.write_text(text)
        file.chmod(0o600)
        return file

    def start(self, drain_s=60):
        self.peer.options += ["--relay-drain-s", drain_s]
        self.peer.start()
        self.eventually(self.peer.ready_file.exists, 60, self.peer.process)
        self.ports = {}
        for each in json.loads(self.peer.ready_file.read_text())["peers"][0]["relay"]:
            self.ports[each.rsplit(":", 1)[0]] = each.rsplit(":", 1)[1]

    def end(self, process):
        process.kill()
        process.wait()

    def command(self, *options, transport="udp", host=RELAY, user=REALM_USER, password=PASSWORD, to=PEER_HOST,
                messages=MESSAGES):
        port = self.ports[f"{transport}:[{host}]" if ":" in host else f"{transport}:{host}"]
        secret = () if password is None else ("-w", password)
        return list(map(str, ["turnutils_uclient", "-p", port, "-u", user, *secret, "-n", messages, "-z", 5, "-c", "-e", to,
                              "-r", self.echo_port, *options, host]))

    def uclient(self, *options, **how):
        done = subprocess.run(self.command(*options, **how), capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def relays(self, what, *options, **how):
        """All that the client sends comes back to it."""
        code, said = self.uclient(*options, **how)
        self.assertEqual(code, 0, said)
        sent, received = map(int, re.findall(r"tot_send_msgs=(\d+), tot_recv_msgs=(\d+)", said)[-1])
        self.assertGreaterEqual(sent, MESSAGES, said)
        self.assertEqual(received, sent, said)
        note(f"relayed: {what}")

    def refuses(self, what, word, *options, **how):
        code, said = self.uclient(*options, **how)
        self.assertNotEqual(code, 0, said)
        self.assertIn(word, said)
        note(f"refused: {what}")

    def relay(self):
        return self.peer.json("status")["relay"]

    def test_clients_of_another_maker(self):
        # Shows: TURN-11, FM-36.
        self.start(drain_s=2)
        by_indication = ["-s"]
        for transport, options in (("udp", []), ("tcp", ["-t"]), ("tls", ["-t", "-S", "-E", self.certificate])):
            self.relays(f"by {transport}, indications", *options, *by_indication, transport=transport)
            self.relays(f"by {transport}, channels", *options, transport=transport)
        # Two clients of one relay.
        self.relays("from client to client", "-y", *by_indication)
        if has_ipv6():
            self.relays("by IPv6", "-y", "-x", *by_indication, host="::1")
        else:
            note("no IPv6 on this machine")
        self.relays("with a password that follows from a shared secret", "-W", SHARED_SECRET, *by_indication,
                    user="carol", password=None)
        counters = self.relay()["counters"]
        self.assertGreater(counters["packets_to_peers"], 5 * MESSAGES)
        self.assertGreater(counters["packets_to_clients"], 5 * MESSAGES)
        self.assertEqual(counters["forbidden"], 0)

        self.refuses("a wrong password", "Cannot complete Allocation", password="wrong")
        self.refuses("a user that nobody knows", "Cannot complete Allocation", user="mallory")
        self.refuses("another's shared secret", "Cannot complete Allocation", "-W", "a secret of somebody else",
                     user="carol", password=None)
        for denied in ("10.0.0.1", "169.254.169.254", "127.0.0.3", "224.0.0.1"):
            self.refuses(f"to {denied}", "403", *by_indication, to=denied)
        counters = self.relay()["counters"]
        self.assertGreaterEqual(counters["forbidden"], 4)
        self.assertGreater(counters["unauthenticated"], 0)

        found = subprocess.run(["turnutils_stunclient", "-p", self.ports[f"udp:{RELAY}"], RELAY], capture_output=True,
                               text=True, timeout=20, check=False)
        self.assertIn(f"reflexive addr: {RELAY}:", found.stdout + found.stderr)
        # Allocations of clients that have gone are left: nobody waits longer than that.
        self.assertGreater(self.relay()["counters"]["allocations"], 0)
        self.assertEqual(self.peer.stop(20), 0)
        self.assertTrue(any("cut off" in line for line in self.peer.log_tail()))

    def test_secrets_are_read_again(self):
        self.start()
        self.relays("with the first password", "-s")
        self.secret_file("users", f"{REALM_USER}:another\n")
        self.hang_up("read again")
        self.refuses("the first password", "Cannot complete Allocation", "-s")
        self.relays("with the second password", "-s", password="another")
        self.secret_file("users", "nonsense\n")
        self.hang_up("stay as they were")
        self.relays("with the second password still", "-s", password="another")

    def test_a_relay_that_is_told_to_stop_waits_for_its_clients(self):
        self.start()
        # Over a connection: with it its allocations end.
        client = subprocess.Popen(self.command("-t", "-s", transport="tcp", messages=100_000),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, client)
        self.eventually(lambda: self.relay()["counters"]["packets_to_clients"] > 10, 20)
        self.peer.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: self.relay()["draining"], 10)
        self.refuses("a new client", "508", "-v", "-s")
        before = self.relay()["counters"]["packets_to_clients"]
        self.eventually(lambda: self.relay()["counters"]["packets_to_clients"] > before + 10, 20)
        self.assertIsNone(client.poll())
        note("the old client is relayed for still")
        self.end(client)
        self.assertEqual(self.peer.wait(20), 0)
        note("the peer left when its client had gone")

    def test_a_second_signal_waits_for_nobody(self):
        self.start()
        client = subprocess.Popen(self.command("-s", messages=100_000), stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, client)
        self.eventually(lambda: self.relay()["counters"]["packets_to_clients"] > 10, 20)
        self.peer.process.send_signal(signal.SIGTERM)
        self.eventually(lambda: self.relay()["draining"], 10)
        self.peer.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.peer.wait(5), 130)

    def hang_up(self, answer):
        lines = len(self.peer.log_tail(1000))
        self.peer.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while not any(answer in line for line in self.peer.log_tail(1000)[lines:]):
            self.assertLess(time.monotonic(), end, f"no line '{answer}' in the log")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
