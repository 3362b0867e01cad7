#!/usr/bin/env python3
"""Eight peers and services that some of them provide: found by the others, nearest first, and gone with those who leave
(RFC 7374)."""
import json
import time
import unittest

from support import OverlayTestCase, note


class ServiceTest(OverlayTestCase):
    def test_eight_peers(self):
        with self.overlay(8) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            self.peers = overlay.peers
            for step in (self.nobody_provides_it, self.providers_are_found_everywhere, self.keys_choose, self.unregister,
                         self.refusals, self.who_leaves_is_gone_at_once, self.who_crashes_ends_with_its_records):
                with self.subTest(step.__name__):
                    step()

    def find(self, peer, service="transcoding", *more):
        return [one["node"] for one in peer.json("service", "find", service, *more)["providers"]]

    def nobody_provides_it(self):
        code, _, err = self.peers[0].ringway("service", "find", "transcoding")
        self.assertEqual(code, 3, err)

    def providers_are_found_everywhere(self):
        self.providers = self.peers[:4]
        for peer in self.providers:
            answer = peer.json("service", "register", "transcoding", "--lifetime", "60s")
            self.assertEqual(answer["node"], peer.node)
            self.assertGreaterEqual(answer["records"], 1)
        for peer in self.peers:
            started = time.monotonic()
            answer = peer.json("service", "find", "transcoding")
            note(f"{answer['fetches']} fetches in {(time.monotonic() - started) * 1000:.0f} ms with the program's start")
            nodes = sorted(one.node for one in self.providers)
            after = [node for node in nodes if node > peer.node]
            # Behind the last provider any of them will do.
            self.assertIn(answer["providers"][0]["node"], after[:1] or nodes)

    def keys_choose(self):
        lowest, *_, highest = sorted(peer.node for peer in self.providers)
        for peer in self.peers:
            self.assertEqual(self.find(peer, "transcoding", "--key", "0" * 31 + "1")[0], lowest)
            self.assertEqual(self.find(peer, "transcoding", "--key", f"{int(highest, 16) - 1:032x}")[0], highest)

    def unregister(self):
        gone = self.providers.pop()
        self.assertEqual(gone.ringway("service", "unregister", "transcoding")[0], 0)
        self.assertEqual(gone.ringway("service", "unregister", "transcoding")[0], 3)
        for peer in self.peers:
            self.assertNotIn(gone.node, self.find(peer))

    def refusals(self):
        self.assertEqual(self.peers[0].ringway("service", "register", "transcoding", "-l", "5s")[0], 2)
        self.assertEqual(self.peers[0].ringway("service", "register", "x" * 256)[0], 2)
        code, out, _ = self.peers[0].ringway("service", "find", "transcoding", "--key", "12", "--json")
        self.assertEqual((code, json.loads(out)["error"]["code"]), (2, "INVALID_ARGUMENT"))

    def who_leaves_is_gone_at_once(self):
        gone = self.providers.pop()
        self.assertEqual(gone.ringway("leave")[0], 0)
        self.peers = [peer for peer in self.peers if peer is not gone]
        for peer in self.peers:
            self.assertNotIn(gone.node, self.find(peer))

    def who_crashes_ends_with_its_records(self):
        gone, stays = self.providers
        gone.kill()
        self.peers = [peer for peer in self.peers if peer is not gone]
        started = time.monotonic()
        self.eventually(lambda: all(self.found_or_none(peer) == [stays.node] for peer in self.peers), 100)
        note(f"a crashed provider is found no more after {time.monotonic() - started:.0f} s")

    def found_or_none(self, peer):
        code, out, _ = peer.ringway("service", "find", "transcoding", "--json")
        return [one["node"] for one in json.loads(out)["providers"]] if code == 0 else None


if __name__ == "__main__":
    unittest.main()
