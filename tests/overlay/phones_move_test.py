#!/usr/bin/env python3
"""A phone that moves, without taking leave, is called at its new address within a second of the answer to its REGISTER,
from every peer: to another address at the same peer, and to another peer of its user."""
import contextlib
import unittest

from support import OverlayTestCase, note
from baresip import Baresip
from phones.peers import aor, phone_overlay
from phones.sipp import Sipp

PEERS = 8
HOME, AWAY = 1, 2  # peers of one user
REACHABLE_S = 1.0
TONE_HZ = 440


class PhonesMoveTest(OverlayTestCase):
    def test_a_phone_moves(self):
        # Shows: SIP-03, SIP-12, SIP-14, SIP-27.
        with phone_overlay(PEERS, devices=[(HOME, AWAY)]) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            home, away = overlay.peers[HOME], overlay.peers[AWAY]
            with Baresip("bob", TONE_HZ, answers=True) as phone:
                self.register_and_be_called(overlay, phone, home, "at home")
                for peer, where in ((home, "at a new address"), (away, "at another peer"), (home, "at home again")):
                    phone.stop()
                    phone.start()
                    self.register_and_be_called(overlay, phone, peer, where)

    def register_and_be_called(self, overlay, phone, peer, where):
        registered = phone.register(aor(peer), peer.phone_proxy())
        with contextlib.ExitStack() as stack:
            calls = [stack.enter_context(Sipp("call.xml", "-m", 1, "-d", 300, to=each.phone_proxy(), keys={
                "to": aor(peer), "from": "sip:caller@127.0.0.1"})) for each in overlay.peers]
            # It answers at once; when a call is established the caller's ACK has come here, too.
            calls_s = [phone.wait_in_call()["at"] - registered["at"] for _ in calls]
            note(f"{where}: in calls from {len(calls)} peers {max(calls_s):.2f} s after the answer")
            for call in calls:
                self.assertEqual(call.wait(60)["failed"], 0)
            self.assertLessEqual(max(calls_s), REACHABLE_S)
            for _ in calls:
                phone.wait_ended()


if __name__ == "__main__":
    unittest.main()
