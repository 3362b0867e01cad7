#!/usr/bin/env python3
"""scripts/demo-overlay --once ends well."""
import subprocess
import unittest

from support import PROGRAMS, ROOT


class DemoTest(unittest.TestCase):
    def test_once(self):
        done = subprocess.run([str(ROOT / "scripts/demo-overlay"), "--once", "--programs", PROGRAMS],
                              capture_output=True, text=True, timeout=170, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("all 100 values got through other peers", done.stdout)
        self.assertIn("every peer has left the ring", done.stdout)
        print(done.stdout)


if __name__ == "__main__":
    unittest.main()
