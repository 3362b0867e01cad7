#!/usr/bin/env python3
"""32 peers started at once become one ring within 60 s, and 1,000 values are found from every one of them."""
import unittest

from support import OverlayTestCase, note


class ConvergenceTest(OverlayTestCase):
    def test_thirty_two_peers_at_once(self):
        # Shows: BOOT-08.
        with self.overlay(32) as overlay:
            overlay.start()
            note("all are started")
            self.converge(overlay, 60)
            answer = self.put_values(overlay.peers, 1000)
            self.assertEqual(answer["copies"], {"3/3": 1000})
            self.find_values(overlay.peers, 1000, 120)


if __name__ == "__main__":
    unittest.main()
