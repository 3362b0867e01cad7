"""What the whole-overlay tests share: an overlay of this build's programs, and the client for many calls at once."""
import json
import os
import subprocess
import sys
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from local_overlay import Overlay, OverlayError  # noqa: E402

PROGRAMS = os.environ.get("RINGWAY_PROGRAMS", str(ROOT / "build/release/bin"))
CLIENT = os.environ.get("RINGWAY_OVERLAY_CLIENT", str(ROOT / "build/release/tests/overlay/overlay_client"))


def note(text):
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def client(command, peers, *arguments, value=None, timeout_s=200):
    """Runs overlay_client over these peers; answers its JSON."""
    line = [CLIENT, command]
    for peer in peers:
        line += ["--api", peer.api]
    done = subprocess.run([*line, *map(str, arguments)], input=value, capture_output=True, text=True, timeout=timeout_s,
                          check=False, stdin=subprocess.DEVNULL if value is None else None)
    if not done.stdout:
        raise OverlayError(f"overlay_client {command}: exit {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def rings_of(peers):
    return client("rings", peers)


class OverlayTestCase(unittest.TestCase):
    maxDiff = None

    def overlay(self, count, **options):
        """An overlay with credentials, not started; its logs are printed when the test fails."""
        overlay = Overlay(count, PROGRAMS, **options)
        overlay.enrol()
        return overlay

    def eventually(self, condition, timeout_s, process=None):
        end = time.monotonic() + timeout_s
        while not condition():
            if process is not None and process.poll() is not None:
                self.fail(f"ended with exit code {process.returncode}")
            self.assertLess(time.monotonic(), end, f"not within {timeout_s} s")
            time.sleep(0.1)

    def converge(self, overlay, timeout_s, peers=None):
        started = time.monotonic()
        rings = overlay.wait_converged(timeout_s, peers, rings_of=rings_of)
        note(f"{len(rings)} peers see one ring after {time.monotonic() - started:.1f} s")
        return rings

    def put_values(self, peers, count, prefix="shared/value-"):
        """Puts values through these peers, all of which must be acknowledged; answers the client's JSON."""
        answer = client("put", peers, "--count", count, "--prefix", prefix)
        note(f"{len(answer['acknowledged'])} of {count} puts acknowledged in {answer['seconds']:.1f} s, "
             f"copies {answer['copies']}")
        self.assertEqual(answer["errors"], {})
        self.assertEqual(len(answer["acknowledged"]), count)
        return answer

    def find_values(self, peers, count, timeout_s, prefix="shared/value-"):
        """Every value through every one of these peers, within the time."""
        answer = client("check", peers, "--count", count, "--prefix", prefix, "--deadline", timeout_s)
        note(f"{count} values through {len(peers)} peers in {answer['seconds']:.1f} s, {answer['retries']} rounds again")
        self.assertEqual(answer["missing"], {})
        self.assertLessEqual(answer["seconds"], timeout_s)
        return answer
