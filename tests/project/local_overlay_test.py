#!/usr/bin/env python3
"""scripts/local_overlay.py and scripts/demo-overlay, with stand-ins for the programs."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
from local_overlay import Overlay  # noqa: E402


class LocalOverlayTest(unittest.TestCase):
    def test_programs_see_no_settings_of_the_person_who_starts_them(self):
        with tempfile.TemporaryDirectory() as folder:
            seen = Path(folder) / "seen"
            for name in ("ringway", "ringwayd", "ringway-enrolld"):
                program = Path(folder) / name
                program.write_text(f'#!/bin/sh\necho {name} >> "{seen}"\nenv >> "{seen}"\n')
                program.chmod(0o755)
            with mock.patch.dict(os.environ, {"RINGWAY_API_KEY": "mine", "RINGWAY_LISTEN": "mine", "OTHER": "kept"}):
                with Overlay(1, folder) as overlay:
                    peer = overlay.peers[0]
                    overlay.enrolld("issue")
                    peer.folder.mkdir(parents=True)
                    peer.start()
                    self.assertEqual(peer.wait(), 0)
                    self.assertEqual(peer.ringway("status")[0], 0)
            lines = seen.read_text().splitlines()
            self.assertEqual([line for line in lines if line.startswith("ringway")],
                             ["ringway-enrolld", "ringwayd", "ringway"])
            self.assertEqual(lines.count("OTHER=kept"), 3)
            self.assertEqual([line for line in lines if line.startswith("RINGWAY_")], [])


class DemoTest(unittest.TestCase):
    def test_numbers_that_make_no_demonstration_are_wrong_usage(self):
        for option, number in (("--values", "0"), ("--values", "-1"), ("--peers", "0"), ("--peers", "many")):
            done = subprocess.run([sys.executable, str(ROOT / "scripts/demo-overlay"), option, number, "--programs",
                                   "/nonexistent"], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn("usage:", done.stderr)
            self.assertIn(f"argument {option}:", done.stderr)


if __name__ == "__main__":
    unittest.main()
