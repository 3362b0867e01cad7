#!/usr/bin/env python3
"""Two of 16 peers die at the same moment: every acknowledged value is still found within 30 s. All die and come back on
their data: everything is still there."""
import random
import time
import unittest

from support import OverlayTestCase, note

VALUES = 1000


class CrashTest(OverlayTestCase):
    def two_die_then_all(self, choose):
        with self.overlay(16) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            self.assertEqual(self.put_values(overlay.peers, VALUES)["copies"], {"3/3": VALUES})

            victims = choose(overlay.in_ring_order())
            for victim in victims:
                victim.process.kill()
            died = time.monotonic()
            note(f"killed {' and '.join(map(str, victims))}")
            for victim in victims:
                victim.wait()
            self.find_values(overlay.running(), VALUES, 30 - (time.monotonic() - died))
            self.converge(overlay, 60)

            for peer in overlay.peers:
                if peer.running():
                    peer.process.kill()
            for peer in overlay.peers:
                peer.wait()
            note("killed all")
            overlay.start()
            self.converge(overlay, 90)
            self.find_values(overlay.peers, VALUES, 60)

    def test_two_neighbours(self):
        # Shows: TOPO-35.
        def neighbours(ring):
            at = random.randrange(len(ring))
            return [ring[at], ring[(at + 1) % len(ring)]]
        self.two_die_then_all(neighbours)

    def test_two_who_are_not_neighbours(self):
        # Shows: TOPO-35.
        def apart(ring):
            at = random.randrange(len(ring))
            return [ring[at], ring[(at + random.randrange(4, 12)) % len(ring)]]
        self.two_die_then_all(apart)


if __name__ == "__main__":
    unittest.main()
