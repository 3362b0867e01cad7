#!/usr/bin/env python3
"""Eight peers and the command line: what an application sees of put, get, compare-and-swap, remove, stat, and of
refusals."""
import json
import random
import unittest

from support import OverlayTestCase


class ApplicationTest(OverlayTestCase):
    def test_eight_peers(self):
        with self.overlay(8) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            self.alice, self.bob, self.carol = overlay.peers[:3]
            self.overlay_now = overlay
            for step in (self.values_are_found_everywhere, self.compare_and_swap, self.remove, self.stat,
                         self.shared_keys_keep_every_writer, self.entries_of_an_owner, self.refusals, self.unreachable,
                         self.large_and_binary_values, self.lifetimes, self.users_can_be_called, self.ping_and_status):
                with self.subTest(step.__name__):
                    step()

    def anyone(self):
        return random.choice(self.overlay_now.peers)

    def values_are_found_everywhere(self):
        answer = self.alice.json("put", "shared/everywhere", "here")
        self.assertEqual((answer["copies"], answer["copies_wanted"]), (3, 3))
        self.assertEqual(len(set(answer["replicas"])), 2)
        for peer in self.overlay_now.peers:
            code, out, err = peer.ringway("get", "shared/everywhere")
            self.assertEqual((code, out), (0, "here"), err)
        entry = self.bob.json("get", "shared/everywhere")["entries"][0]
        self.assertEqual((entry["writer"], entry["writer_node"]), (self.alice.user, self.alice.node))

    def compare_and_swap(self):
        key = f"{self.alice.user}/counter"
        first = self.alice.json("put", key, "1")["generation"]
        second = self.alice.json("put", key, "2", "--generation", first)["generation"]
        self.assertGreater(second, first)
        code, out, _ = self.alice.ringway("put", key, "3", "--generation", first, "--json")
        self.assertEqual(code, 5)
        error = json.loads(out)["error"]
        self.assertEqual((error["code"], error["generation"]), ("ABORTED", second))
        self.assertEqual(self.bob.ringway("get", key)[1], "2")
        self.alice.json("put", key, "3", "--generation", error["generation"])
        self.assertEqual(self.bob.ringway("get", key)[1], "3")

    def remove(self):
        key = f"{self.bob.user}/gone"
        self.bob.json("put", key, "soon")
        self.assertEqual(self.carol.ringway("rm", key)[0], 5)
        self.assertEqual(self.bob.ringway("rm", key)[0], 0)
        self.assertEqual(self.anyone().ringway("get", key)[0], 3)
        self.bob.json("put", key, "again")
        self.assertEqual(self.anyone().ringway("get", key)[1], "again")

    def stat(self):
        key = f"{self.carol.user}/sized"
        self.carol.json("put", key, "12345", "--lifetime", "1h")
        stat = self.anyone().json("stat", key)
        self.assertEqual(stat["entries"][0]["size_bytes"], 5)
        self.assertLessEqual(stat["entries"][0]["lifetime_s"], 3600)
        self.assertGreater(stat["entries"][0]["lifetime_s"], 3500)
        self.assertEqual(self.anyone().ringway("stat", f"{self.carol.user}/nothing")[0], 3)

    def shared_keys_keep_every_writer(self):
        key = "shared/guests"
        self.alice.json("put", key, "alice was here")
        self.bob.json("put", key, "bob too")
        self.alice.json("put", key, "alice again")
        answer = self.carol.json("get", key)
        found = {entry["writer"]: entry["value"] for entry in answer["entries"]}
        self.assertEqual(found, {self.alice.user: "alice again", self.bob.user: "bob too"})
        self.assertEqual(answer["discarded"], 0)
        self.alice.json("rm", key)
        self.assertEqual([entry["writer"] for entry in self.carol.json("get", key)["entries"]], [self.bob.user])

    def users_can_be_called(self):
        # Shows: SIP-07, SIP-14, SIP-23.
        registered = self.alice.json("register", "--contact-prefs", "(sip.schemes=SIPS)", "--lifetime", "10m")
        self.assertEqual((registered["address"], registered["copies"]), (self.alice.user, 3))
        for peer in self.overlay_now.peers:
            device, = peer.json("resolve", f"sip:{self.alice.user}")["devices"]
            self.assertEqual((device["node"], device["registered_by"], device["scheme"]),
                             (self.alice.node, self.alice.node, "sips"))
            self.assertLessEqual(device["expires_s"], 600)
        self.bob.json("register", "--forward-to", f"sip:{self.alice.user}")
        device, = self.carol.json("resolve", self.bob.user)["devices"]
        self.assertEqual((device["node"], device["address"], device["forwarded"]), (self.alice.node, self.alice.user, 1))
        # The device alone needs no registration.
        self.assertEqual(self.alice.ringway("unregister")[0], 0)
        self.assertEqual(self.carol.ringway("resolve", self.alice.user)[0], 3)
        self.assertEqual(self.carol.json("resolve", registered["gruu"])["devices"][0]["node"], self.alice.node)
        self.assertEqual(self.alice.ringway("register", "--forward-to", "nobody")[0], 2)

    def entries_of_an_owner(self):
        key = f"{self.alice.user}/phones"
        for entry, value in (("home", "1"), ("work", "2"), ("", "0")):
            self.alice.json("put", key, value, "--entry", entry)
        found = {entry["entry"]: entry["value"] for entry in self.bob.json("get", key)["entries"]}
        self.assertEqual(found, {"": "0", "home": "1", "work": "2"})
        self.assertEqual(self.bob.ringway("get", key, "--entry", "work")[1], "2")
        self.assertEqual(self.bob.ringway("get", key, "--entry", "fax")[0], 3)

    def refusals(self):
        code, _, err = self.bob.ringway("put", f"{self.alice.user}/card", "forged")
        self.assertEqual(code, 5)
        self.assertIn(self.bob.user, err)
        self.assertEqual(self.anyone().ringway("get", "shared/nobody-put-this")[0], 3)
        self.assertEqual(self.anyone().ringway("get", "no slash")[0], 2)
        self.assertEqual(self.alice.ringway("put", "shared/a", "b", "--entry", "c")[0], 2)
        self.assertEqual(self.alice.ringway("put", "shared/huge", value="x" * 1_000_000)[0], 5)

    def unreachable(self):
        code, _, err = self.overlay_now.peers[0].ringway("--api", "unix:/nonexistent/api.sock", "get", "shared/a")
        self.assertEqual(code, 4, err)

    def large_and_binary_values(self):
        value = bytes(range(256)) * 8
        self.assertEqual(self.alice.ringway("put", "shared/binary", value=value)[0], 0)
        path = self.overlay_now.folder / "fetched"
        self.assertEqual(self.bob.ringway("get", "shared/binary", "--output", path)[0], 0)
        self.assertEqual(path.read_bytes(), value)

    def lifetimes(self):
        self.alice.json("put", "shared/short", "gone soon", "--lifetime", "2")
        self.assertEqual(self.anyone().ringway("get", "shared/short")[0], 0)
        self.eventually(lambda: self.anyone().ringway("get", "shared/short")[0] == 3, 10)

    def ping_and_status(self):
        answer = self.alice.json("ping", self.bob.node)
        self.assertEqual(answer["responder"], self.bob.node)
        self.assertIn(self.carol.json("ping", "--key", "shared/everywhere")["responder"],
                      [peer.node for peer in self.overlay_now.peers])
        status = self.alice.json("status")
        self.assertEqual((status["user"], status["phase"]), (self.alice.user, "joined"))
        # Which peers hold values depends on their Node-IDs; somebody does.
        self.assertGreater(sum(peer.json("status")["store"]["values"] for peer in self.overlay_now.peers), 0)


if __name__ == "__main__":
    unittest.main()
