#!/usr/bin/env python3
"""24 peers, one of which is killed (kill -9) and one started, empty, every two seconds, while four clients put, get
and watch. At the end every acknowledged write is readable, every watcher was told the last state of every key, and the memory
of the peers that stayed is flat.

RINGWAY_CHURN_SECONDS says how long (60; the full form is 300). Copies are made anew 1 s after a neighbour has gone
(--successor-hold-down-s 1; RFC 6940 says 30, in which time fifteen of these peers come and go). Who was killed comes back,
with nothing but its credentials, when 36 others have come: each node's certificate is a stored value, so with ever new nodes the
data would grow, and the memory with it."""
import collections
import json
import os
import random
import shutil
import statistics
import subprocess
import time
import unittest

from support import CLIENT, OverlayTestCase, client, note

PEERS = 24
STAYING = 4  # the clients are theirs
SPARES = 36  # that are away at first, and as many at any time
EVERY_S = 2
SECONDS = int(os.environ.get("RINGWAY_CHURN_SECONDS", "60"))
HOLD_DOWN_S = 1
KEYS = 250  # of each client. Each watches all 1000, and a peer lets 1024 be watched (docs/api.md)
# What may be in memory at the end that was not there after a quarter, besides what the store says that it holds (writes that
# are not in a file yet: 32 MiB at most): signatures that were checked, 120 bytes each, 65,536 of a peer, fill up at 180 a second,
# and are forgotten when nobody has used them for 5 minutes, as certificates are (4,096); the rest is room that the allocator has
# not given back. It does not grow with the time, so the longer the run, the finer the test.
GROWTH_KB = (8 + 6) * 1024
WRITES_IN_MEMORY_KB = 32 * 1024  # of the store, at most; beyond that its bytes are in files and hide nothing here
ROUNDS_BETWEEN_SAMPLES = 3
# Signatures are forgotten after 5 minutes without use, so behind that memory stays as it is; gRPC's calls come and go.
LEVEL_FROM_S = 600
LEVEL_KB = 4 * 1024  # in a quarter of such a run


def memory_kb(peer):
    """Without the writes that the store holds in memory."""
    with open(f"/proc/{peer.process.pid}/status", encoding="ascii") as status:
        resident_kb = int(next(line.split()[1] for line in status if line.startswith("VmRSS:")))
    return resident_kb - min(int(peer.json("status")["store"]["size_bytes"]) // 1024, WRITES_IN_MEMORY_KB)


class ChurnTest(OverlayTestCase):
    def test_every_acknowledged_write_is_there(self):
        # Shows: TOPO-35.
        rounds = SECONDS // EVERY_S
        seed = random.randrange(1 << 32)
        note(f"{SECONDS} s, hold-down {HOLD_DOWN_S} s, seed {seed}")
        draw = random.Random(seed)
        with self.overlay(PEERS + min(rounds, SPARES), options=("--successor-hold-down-s", str(HOLD_DOWN_S))) as overlay:
            staying, living = overlay.peers[:STAYING], overlay.peers[:PEERS]
            overlay.start(living)
            self.converge(overlay, 120, living)
            line = [CLIENT, "load", "--count", str(KEYS), "--prefix", "shared/churn-", "--deadline", str(SECONDS)]
            for peer in staying:
                line += ["--api", peer.api]
            with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as load:
                samples_kb = self.churn(overlay, rounds, draw)
                self.assertEqual(len(overlay.running()), PEERS)
                self.converge(overlay, 120)
                told, _ = load.communicate(timeout=120)  # ends its input: the overlay is quiet
            outcome = json.loads(told)
            self.tell(outcome)
            quarters_kb = {peer: self.tell_memory(peer, samples_kb[peer]) for peer in staying}
            verified = client("verify", staying, "--deadline", 120, value=told)
            self.assertEqual(verified["missing"], {})
            self.assertEqual(outcome["wrong"], 0)
            self.assertGreater(outcome["acknowledged"], 0.9 * outcome["puts"])
            self.assertGreater(outcome["found"], 0.99 * outcome["gets"])
            self.assertEqual(outcome["watches"]["missed"], {})
            self.assertEqual(outcome["watches"]["ended"], {})
            for each in quarters_kb.values():
                self.assertLess(each[3], each[1] + GROWTH_KB)
                if SECONDS >= LEVEL_FROM_S:
                    self.assertLess(each[3], each[2] + LEVEL_KB)

    def tell(self, outcome):
        note(", ".join(f"{name} {outcome[name]}" for name in ("puts", "acknowledged", "gets", "found", "wrong")))
        for error, count in outcome["errors"].items():
            note(f"{count} × {error}")
        watches = outcome["watches"]
        note(f"watches of {STAYING} × {watches['keys']} keys: " + ", ".join(
            f"{name} {watches[name]}" for name in ("events", "compacted", "vanished", "went_back", "resumed", "seconds")))
        for error, count in watches["ended"].items():
            note(f"{count} × {error}")

    def tell_memory(self, peer, samples_kb):
        quarters_kb = [statistics.median(samples_kb[quarter * len(samples_kb) // 4:(quarter + 1) * len(samples_kb) // 4])
                       for quarter in range(4)]
        note(f"{peer}: {', '.join(str(round(kb)) for kb in quarters_kb)} KiB in the quarters of the time")
        return quarters_kb

    def churn(self, overlay, rounds, draw):
        """Answers the memory of those that stay, from time to time."""
        living, away = overlay.peers[:PEERS], collections.deque(overlay.peers[PEERS:])
        samples_kb = {peer: [] for peer in overlay.peers[:STAYING]}
        started = time.monotonic()
        for round_number in range(rounds):
            time.sleep(max(0.0, started + round_number * EVERY_S - time.monotonic()))
            victim = living.pop(draw.randrange(STAYING, len(living)))
            overlay.check_alive([victim])
            victim.kill()
            if (victim.folder / "data").exists():  # who is killed at once has none yet
                shutil.rmtree(victim.folder / "data")
            away.append(victim)
            newcomer = away.popleft()
            newcomer.start()
            living.append(newcomer)
            if round_number % ROUNDS_BETWEEN_SAMPLES == 0:
                for peer, samples in samples_kb.items():
                    samples.append(memory_kb(peer))
        return samples_kb


if __name__ == "__main__":
    unittest.main()
