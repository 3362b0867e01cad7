#!/usr/bin/env python3
"""Two baresip phones, each at a peer of its own, call each other, and still do after the peer is killed that is
responsible for the callee's registration."""
import time
import unittest

from support import OverlayTestCase, note
from baresip import Baresip
from phones.peers import aor, phone_overlay, responsible_peer

PEERS = 8
TALK_S = 10
CALLER_HZ, CALLEE_HZ = 440, 800


class PhonesCallTest(OverlayTestCase):
    def test_a_call_between_two_peers(self):
        # Shows: SIP-01, SIP-03, SIP-14, SIP-16, SIP-20, SIP-27.
        with phone_overlay(PEERS) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            caller, callee, directory = self.roles(overlay)
            note(f"{caller} calls {callee}, {directory} is responsible for the callee")
            with Baresip("caller", CALLER_HZ) as calling, Baresip("callee", CALLEE_HZ) as called:
                calling.register(aor(caller), caller.phone_proxy("udp"))
                called.register(aor(callee), callee.phone_proxy("tcp") + ";transport=tcp")
                self.talk(calling, called, aor(callee), TALK_S)

                directory.kill()
                note("the directory peer is killed")
                self.talk(calling, called, aor(callee), 3)
                # The other way, too: the one who was called finds the caller.
                self.talk(called, calling, aor(caller), 3)

    def roles(self, overlay):
        """Caller, callee and the peer responsible for the callee, all different."""
        for callee in overlay.peers:
            directory = responsible_peer(overlay, callee.user)
            if directory is not callee:
                caller = next(peer for peer in overlay.peers if peer not in (callee, directory))
                return caller, callee, directory
        return self.fail("each peer is responsible for its own user")

    def talk(self, calling, called, address, talk_s):
        started = time.monotonic()
        calling.call(address)
        called.answer()
        calling.wait_in_call()
        called.wait_in_call()
        note(f"in a call after {time.monotonic() - started:.2f} s")
        time.sleep(talk_s)
        calling.hang_up()
        calling.wait_ended()
        called.wait_ended()
        # What each heard is the other's tone, almost all the time.
        for hears, speaks in ((calling, called), (called, calling)):
            heard_s = hears.heard_tone_s(speaks.tone_hz)
            note(f"baresip {hears.name} heard the other for {heard_s:.1f} s")
            self.assertGreater(heard_s, 0.9 * talk_s - 0.5)
            self.assertEqual(hears.heard_tone_s(hears.tone_hz), 0)


if __name__ == "__main__":
    unittest.main()
