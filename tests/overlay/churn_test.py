#!/usr/bin/env python3
"""24 peers, one of which is killed (kill -9) and one started, empty, every two seconds, while four clients put and get.
At the end every acknowledged write is readable, and the memory of the peers that stayed has not grown.

RINGWAY_CHURN_SECONDS says how long (60; the full form is 300). Copies are made anew 1 s after a neighbour has gone
(--successor-hold-down-s 1; RFC 6940 says 30, in which time fifteen of these peers come and go)."""
import json
import os
import random
import subprocess
import time
import unittest

from support import CLIENT, OverlayTestCase, client, note

PEERS = 24
STAYING = 4  # the clients are theirs
EVERY_S = 2
SECONDS = int(os.environ.get("RINGWAY_CHURN_SECONDS", "60"))
HOLD_DOWN_S = 1
KEYS = 100  # of each client
GROWTH_KB = 64 * 1024  # of a peer's memory between the first third and the end


def resident_kb(peer):
    with open(f"/proc/{peer.process.pid}/status", encoding="ascii") as status:
        return int(next(line.split()[1] for line in status if line.startswith("VmRSS:")))


class ChurnTest(OverlayTestCase):
    def test_every_acknowledged_write_is_there(self):
        # Shows: TOPO-27, TOPO-35.
        newcomers = SECONDS // EVERY_S
        seed = random.randrange(1 << 32)
        note(f"{SECONDS} s, hold-down {HOLD_DOWN_S} s, seed {seed}")
        draw = random.Random(seed)
        with self.overlay(PEERS + newcomers, options=("--successor-hold-down-s", str(HOLD_DOWN_S))) as overlay:
            staying, living = overlay.peers[:STAYING], overlay.peers[:PEERS]
            overlay.start(living)
            self.converge(overlay, 120, living)
            line = [CLIENT, "load", "--count", str(KEYS), "--prefix", "shared/churn-", "--deadline", str(SECONDS)]
            for peer in staying:
                line += ["--api", peer.api]
            with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL) as load:
                memory_kb = self.churn(overlay, living, draw)
                told, _ = load.communicate(timeout=60)
            outcome = json.loads(told)
            note(", ".join(f"{name} {outcome[name]}" for name in ("puts", "acknowledged", "gets", "found", "wrong")))
            for error, count in outcome["errors"].items():
                note(f"{count} × {error}")
            self.converge(overlay, 120, overlay.running())
            verified = client("verify", staying, "--deadline", 60, value=told)
            self.assertEqual(verified["missing"], {})
            self.assertEqual(outcome["wrong"], 0)
            self.assertGreater(outcome["acknowledged"], 0.9 * outcome["puts"])
            for peer in staying:
                now_kb = resident_kb(peer)
                note(f"{peer}: {memory_kb[peer]} KiB, then {now_kb} KiB")
                self.assertLess(now_kb, memory_kb[peer] + GROWTH_KB)

    def churn(self, overlay, living, draw):
        """Answers the memory of those that stay after a third of the time."""
        living = list(living)
        memory_kb = {}
        started = time.monotonic()
        for round_number, newcomer in enumerate(overlay.peers[PEERS:]):
            time.sleep(max(0.0, started + round_number * EVERY_S - time.monotonic()))
            victim = living.pop(draw.randrange(STAYING, len(living)))
            victim.kill()
            newcomer.start()
            living.append(newcomer)
            if round_number == SECONDS // EVERY_S // 3:
                memory_kb = {peer: resident_kb(peer) for peer in overlay.peers[:STAYING]}
        return memory_kb


if __name__ == "__main__":
    unittest.main()
