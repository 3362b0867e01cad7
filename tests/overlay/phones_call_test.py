#!/usr/bin/env python3
"""Two baresip phones, each at a peer of its own, call each other, go on when the peer is killed in the middle of a call
that is responsible for the callee's registration, and call each other afterwards."""
import unittest

from support import note
from baresip import Baresip
from phones.calls import CallsTestCase
from phones.peers import aor, phone_overlay, responsible_peer

PEERS = 8
TALK_S = 10
CALLER_HZ, CALLEE_HZ = 440, 800


class PhonesCallTest(CallsTestCase):
    def test_a_call_between_two_peers(self):
        # Shows: SIP-01, SIP-03, SIP-14, SIP-16, SIP-20, SIP-27.
        with phone_overlay(PEERS) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            caller, callee, directory = self.roles(overlay)
            note(f"{caller} calls {callee}, {directory} is responsible for the callee")
            with Baresip("caller", CALLER_HZ) as calling, Baresip("callee", CALLEE_HZ) as called:
                calling.register(aor(caller), caller.phone_proxy("udp"))
                self.nobody_is_there(calling, aor(callee), "404|480")
                called.register(aor(callee), callee.phone_proxy("tcp") + ";transport=tcp")
                self.give_up(calling, called, aor(callee))
                self.decline(calling, called, aor(callee))

                def kill_directory():
                    directory.kill()
                    note("the directory peer is killed in the middle of the call")

                self.talk(calling, called, aor(callee), TALK_S, in_the_middle=kill_directory)
                self.talk(calling, called, aor(callee), 3)
                # The other way, too: the one who was called finds the caller.
                self.talk(called, calling, aor(caller), 3)
                called.unregister()
                self.nobody_is_there(calling, aor(callee), "404|480")

    def roles(self, overlay):
        """Caller, callee and the peer responsible for the callee, all different."""
        for callee in overlay.peers:
            directory = responsible_peer(overlay, callee.user)
            if directory is not callee:
                caller = next(peer for peer in overlay.peers if peer not in (callee, directory))
                return caller, callee, directory
        return self.fail("each peer is responsible for its own user")


if __name__ == "__main__":
    unittest.main()
