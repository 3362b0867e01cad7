#!/usr/bin/env python3
"""A baresip phone publishes what its user does; another one, at another peer, whose user is on the list, sees it, and a
third one, whose user is not, does not. So do programs."""
import json
import time
import unittest

from support import OverlayTestCase, note
from baresip import Baresip
from phones.peers import aor, phone_overlay, responsible_peer

PEERS = 6
TONE_HZ = 440
SEEN_S = 25  # k_throttle and k_store_interval are 5 s each


class PhonesPresenceTest(OverlayTestCase):
    def test_a_user_is_seen_by_whom_he_lets_see_him(self):
        # Shows: SIP-27.
        with phone_overlay(PEERS) as overlay:
            alice, bob, carol = overlay.peers[:3]
            permissions = bob.folder / "presence.json"
            permissions.write_text(json.dumps({bob.user: [alice.user]}))
            bob.options += ["--sip-presence", permissions]
            overlay.start()
            self.converge(overlay, 60)
            with self.phone("alice", alice, [aor(bob)]) as watching, self.phone("carol", carol, [aor(bob)]) as outside:
                self.sees(alice, bob, visible=True, reachable=False)
                with self.phone("bob", bob, []) as phone:
                    self.wait_until(lambda: watching.seen()[aor(bob)] == "Online", "alice's phone sees bob")
                    self.sees(alice, bob, visible=True, reachable=True)
                    self.sees(carol, bob, visible=False, reachable=False)
                    self.assertNotEqual(outside.seen()[aor(bob)], "Online")
                    directory = responsible_peer(overlay, f"{bob.user}/sip-presence")
                    if directory not in (alice, bob, carol):
                        directory.kill()
                        note(f"{directory}, which is responsible for what bob does, is killed")
                    phone.command("presence_offline")
                    self.wait_until(lambda: watching.seen()[aor(bob)] == "Offline", "alice's phone sees that bob is away")
                    phone.command("presence_online")
                    self.wait_until(lambda: watching.seen()[aor(bob)] == "Online", "and that he is back")
                    self.assertNotEqual(outside.seen()[aor(bob)], "Online")
                bob.stop()
                self.wait_until(lambda: watching.seen()[aor(bob)] == "Offline", "and that his peer has left")

    def phone(self, name, peer, contacts):
        account = f'<{aor(peer)}>;outbound="sip:{peer.phone_proxy("tcp")};transport=tcp";regint=600;pubint=600'
        return Baresip(name, TONE_HZ, account=account, contacts=contacts)

    def wait_until(self, is_so, what):
        started = time.monotonic()
        while not is_so():
            self.assertLess(time.monotonic() - started, SEEN_S, what)
            time.sleep(0.2)
        note(f"{what}: {time.monotonic() - started:.1f} s")

    def sees(self, watcher, watched, visible, reachable):
        """As a program of the watcher's peer sees it."""
        end = time.monotonic() + SEEN_S
        while True:
            event = watcher.json("presence", aor(watched), "--count", "1")
            if (event["visible"], event["reachable"]) == (visible, reachable):
                return
            self.assertLess(time.monotonic(), end, event)
            time.sleep(0.2)


if __name__ == "__main__":
    unittest.main()
