#!/usr/bin/env python3
"""Watches of real processes: every change in order, past a crash and a leave of responsible peers, from a resume
token; and a value that its peer keeps alive past its lifetime and a restart."""
import json
import queue
import subprocess
import threading
import time
import unittest

from support import PROGRAMS, OverlayTestCase, note


class Watching:
    """`ringway watch --json` as a process; its events as they come."""

    def __init__(self, peer, *arguments):
        self.process = subprocess.Popen([f"{PROGRAMS}/ringway", "--api", peer.api, "--json", "watch", *arguments],
                                        stdout=subprocess.PIPE, text=True)
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.events.put(json.loads(line))

    def next(self, timeout_s=30):
        return self.events.get(timeout=timeout_s)

    def until(self, value, timeout_s):
        """The events up to the one whose only entry is this."""
        end = time.monotonic() + timeout_s
        seen = []
        while not seen or values_of(seen[-1]) != [value]:
            seen.append(self.next(max(0.1, end - time.monotonic())))
        return seen

    def end(self):
        self.process.terminate()
        self.process.wait(10)


def values_of(event):
    return [entry["value"] for entry in event["entries"]]


class WatchTest(OverlayTestCase):
    def test_eight_peers(self):
        with self.overlay(8) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            watcher, writer = overlay.peers[:2]
            key = f"{writer.user}/news"
            watching = Watching(watcher, key)
            try:
                self.assertEqual(values_of(watching.next()), [])
                self.every_change(watching, writer, key)
                self.crash_and_leave(overlay, watching, writer, key)
                self.resume(watching, watcher, writer, key)
            finally:
                watching.end()

    def every_change(self, watching, writer, key):
        for number in range(20):
            writer.json("put", key, str(number))
        events = watching.until("19", 30)
        self.assertEqual([values_of(event) for event in events], [[str(number)] for number in range(20)])
        self.assertFalse(any(event["compacted"] for event in events))
        writer.ringway("rm", key)
        self.assertEqual(values_of(watching.next()), [])

    # Everybody but the two goes, one after the other, and comes back: so the key's responsible peer is one of them,
    # unless it is one of the two.
    def crash_and_leave(self, overlay, watching, writer, key):
        for round_, peer in enumerate(overlay.peers[2:]):
            if round_ % 2 == 0:
                peer.kill()
            else:
                self.assertEqual(peer.stop(), 0)
            value = f"without {round_}"
            self.eventually(lambda value=value: writer.ringway("put", key, value)[0] == 0, 60)
            watching.until(value, 60)
            note(f"told of the change without peer {round_ + 2}")
            peer.start()
            self.converge(overlay, 60)
            writer.json("put", key, value + " and back")
            watching.until(value + " and back", 60)

    def resume(self, watching, watcher, writer, key):
        writer.json("put", key, "seen")
        token = watching.until("seen", 30)[-1]["resume_token"]
        watching.end()
        self.assertEqual(watcher.ringway("watch", key, "--resume", "no token")[0], 2)
        writer.json("put", key, "missed 1")
        writer.json("put", key, "missed 2")
        again = Watching(watcher, key, "--resume", token)
        event = again.next()
        self.assertEqual((values_of(event), event["compacted"]), (["missed 2"], True))
        again.end()

    def test_a_value_is_kept(self):
        with self.overlay(4) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            writer, reader = overlay.peers[:2]
            writer.json("put", "shared/kept", "here", "--lifetime", "20s", "--keep")
            writer.json("put", "shared/once", "here", "--lifetime", "20s")
            time.sleep(30)
            self.assertEqual(reader.ringway("get", "shared/kept")[1], "here")
            self.assertEqual(reader.ringway("get", "shared/once")[0], 3)
            writer.kill()
            time.sleep(25)
            self.assertEqual(reader.ringway("get", "shared/kept")[0], 3)
            writer.start()
            self.eventually(lambda: reader.ringway("get", "shared/kept")[1] == "here", 60)
            note("the value is there again")
            self.assertEqual(writer.ringway("rm", "shared/kept")[0], 0)


if __name__ == "__main__":
    unittest.main()
