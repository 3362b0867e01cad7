#!/usr/bin/env python3
"""SIPp at two peers: registrations in all their turns, and its own caller and callee at 50 calls a second without one
that fails. RINGWAY_PHONE_CALLS says how many calls (3,000 if not given). They are all of one user, so the peers of these
tests let as many come as do (--sip-calls-per-second 0)."""
import os
import threading
import time
import unittest

from support import OverlayTestCase, note
from local_overlay import OverlayError
from phones.peers import aor, phone_overlay, write_passwords
from phones.sipp import Sipp, register

PEERS = 4
CALLS = int(os.environ.get("RINGWAY_PHONE_CALLS", "3000"))
RATE = 50
PASSWORD = "one two three"
SHORTEST_S = 60  # no registration is shorter (RFC 3261 §10.3 step 7)


class PhonesSippTest(OverlayTestCase):
    def test_registrations_and_calls(self):
        # Shows: SIP-03, SIP-12, SIP-16, SIP-20, SIP-27.
        with phone_overlay(PEERS) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            caller, callee = overlay.peers[:2]
            short = threading.Thread(target=self.run_out, args=(overlay.peers[2],))
            short.start()
            self.change_registrations(callee)
            self.call(caller, callee)
            short.join()
            self.assertTrue(self.has_run_out)

    def test_digest(self):
        # Shows: SIP-27.
        with phone_overlay(2, trusts_loopback=False) as overlay:
            for peer in overlay.peers:
                name = peer.user.split("@", 1)[0]
                passwords = write_passwords(peer.folder / "passwords", overlay.name, {name: PASSWORD})
                peer.options += ["--sip-passwords", passwords]
            overlay.start()
            self.converge(overlay, 60)
            peer = overlay.peers[0]
            name = peer.user.split("@", 1)[0]
            first, second = "sip:phone@127.0.0.1:30001", "sip:phone@127.0.0.1:30002"
            for user, password in ((None, None), (name, "wrong"), ("nobody", PASSWORD)):
                with self.assertRaises(OverlayError):
                    register(peer.phone_proxy(), aor(peer), first, user=user, password=password)
            # What was refused is not listed.
            for expires_s, listed in ((600, {second}), (0, set())):
                self.assertEqual(contacts(register(peer.phone_proxy(), aor(peer), second, expires_s, user=name,
                                                   password=PASSWORD)), listed)

    def change_registrations(self, peer):
        first, second = "sip:phone@127.0.0.1:30001", "sip:phone@127.0.0.1:30002"
        for transport in (None, "t1"):
            at = peer.phone_proxy("tcp" if transport else "udp")
            self.assertEqual(contacts(register(at, aor(peer), first, 300, transport=transport)), {first})
            listed = register(at, aor(peer), second, 600, transport=transport)
            self.assertEqual(contacts(listed), {first, second})
            again = register(at, aor(peer), first, 7200, transport=transport)
            self.assertEqual(contacts(again), {first, second})
            self.assertGreater(expires_s(again, first), expires_s(listed, first))
            self.assertEqual(contacts(register(at, aor(peer), first, 0, transport=transport)), {second})
            self.assertEqual(contacts(register(at, aor(peer), second, 0, transport=transport)), set())

    def run_out(self, peer):
        """A registration that nobody renews is listed, and later it is not."""
        short, other = "sip:phone@127.0.0.1:30001", "sip:phone@127.0.0.1:30002"
        self.has_run_out = False
        register(peer.phone_proxy(), aor(peer), short, SHORTEST_S)
        before = contacts(register(peer.phone_proxy(), aor(peer), other))
        time.sleep(SHORTEST_S + 1)
        after = contacts(register(peer.phone_proxy(), aor(peer), other))
        note(f"listed {before}, after {SHORTEST_S} s {after}")
        self.has_run_out = before == {short, other} and after == {other}

    def call(self, caller, callee):
        user = callee.user.split("@", 1)[0]
        self.assertEqual(self.calls(caller, user, 1)["failed"], 1)  # no phone is there
        # A phone is called where its REGISTER came from.
        answering = Sipp("uas", keeps_messages=False)
        register(callee.phone_proxy(), aor(callee), f"sip:{user}@{answering.address}", port=answering.port)
        with answering:
            self.assertEqual(self.calls(caller, user, 1)["successful"], 1)
            started = time.monotonic()
            counts = self.calls(caller, user, CALLS)
            note(f"{CALLS} calls at {RATE} a second in {time.monotonic() - started:.1f} s: {counts}")
            self.assertEqual((counts["successful"], counts["failed"]), (CALLS, 0))
            self.eventually(lambda: answering.statistics()["successful"] == CALLS + 1, 20)
            self.assertEqual(answering.statistics()["failed"], 0)

    def calls(self, caller, user, count):
        """SIPp's own caller; its Request-URI names the peer's address."""
        with Sipp("uac", "-s", user, "-m", count, "-r", RATE, "-l", 20 * RATE, to=caller.phone_proxy(),
                  keeps_messages=count == 1) as calling:
            counts = calling.wait(60 + 2 * count / RATE)
            if counts["failed"] and count > 1:
                calling.print_log()
            return counts


def contacts(listed):
    """The URIs of Contact values."""
    return {value[value.index("<") + 1:value.index(">")] for value in listed}


def expires_s(listed, uri):
    value = next(value for value in listed if f"<{uri}>" in value)
    return int(value.split("expires=", 1)[1].split(";", 1)[0])


if __name__ == "__main__":
    unittest.main()
