#!/usr/bin/env python3
"""Peers leave gracefully, one after the other, down to one: every value stays. And what a put says when there are too
few peers for all its copies."""
import unittest

from support import OverlayTestCase, note

VALUES = 300


class LeaveTest(OverlayTestCase):
    def test_down_to_one(self):
        with self.overlay(6) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            self.put_values(overlay.peers, VALUES)
            while len(overlay.running()) > 1:
                leaving = overlay.running()[-1]
                if len(overlay.running()) % 2 == 0:
                    self.assertEqual(leaving.ringway("leave")[0], 0)
                    self.assertEqual(leaving.wait(), 0)
                else:
                    self.assertEqual(leaving.stop(), 0)
                note(f"{leaving} has left")
                self.find_values(overlay.running(), VALUES, 30)
            self.converge(overlay, 30)
            last = overlay.peers[0]
            answer = last.json("put", "shared/alone", "one copy")
            self.assertEqual((answer["copies"], answer["copies_wanted"]), (1, 3))
            self.assertEqual(last.stop(), 0)

    def test_too_few_peers_for_all_copies(self):
        # Shows: TOPO-42.
        with self.overlay(3) as overlay:
            first, second, third = overlay.peers
            first.start()
            self.converge(overlay, 30)
            answer = first.json("put", "shared/few", "1")
            self.assertEqual((answer["copies"], answer["copies_wanted"], answer["replicas"]), (1, 3, []))
            self.assertIn("1 copy of 3 wanted", first.ringway("put", "shared/few", "2")[1])
            second.start()
            self.converge(overlay, 30)
            answer = second.json("put", "shared/few", "3")
            self.assertEqual((answer["copies"], answer["copies_wanted"]), (2, 3))
            third.start()
            self.converge(overlay, 30)
            answer = third.json("put", "shared/few", "4")
            self.assertEqual((answer["copies"], answer["copies_wanted"]), (3, 3))


if __name__ == "__main__":
    unittest.main()
