#!/usr/bin/env python3
"""docs/security.md speaks of every row of the fault model, and of tests that exist."""
import re
import unittest

from tree import ROOT, cpp_files

TEXT = (ROOT / "docs/security.md").read_text()
ROWS = [line.split("|") for line in TEXT.splitlines() if line.startswith("| FM-") or line.startswith("| – |")]


class SecurityTableTest(unittest.TestCase):
    def test_every_row_of_the_fault_model_once(self):
        rows = (ROOT / "docs/conformance-rows.tsv").read_text().splitlines()
        wanted = [line.split("\t")[0] for line in rows if line.startswith("FM-")]
        self.assertEqual(len(wanted), 51)
        self.assertEqual(sorted(row[1].strip() for row in ROWS if "FM-" in row[1]), wanted)

    def test_named_tests_exist(self):
        macro = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
        found = set()
        for path in cpp_files():
            if path.parts[0] == "tests":
                found.update(".".join(pair) for pair in macro.findall((ROOT / path).read_text()))
        named = {name for row in ROWS for name in re.findall(r"`(\w+\.[A-Z]\w+)`", row[4] if len(row) > 5 else "")}
        self.assertGreater(len(named), 50)
        self.assertEqual(sorted(named - found), [])

    def test_named_files_exist_and_say_which_row_they_show(self):
        for row in ROWS:
            for name in re.findall(r"`(tests/[\w/]+\.py)`", row[4] if len(row) > 5 else ""):
                self.assertIn(row[1].strip(), (ROOT / name).read_text(), name)

    def test_named_tests_say_which_row_they_show(self):
        shows = {}
        for path in cpp_files():
            if path.parts[0] != "tests":
                continue
            for match in re.finditer(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\) \{\n((?:  //.*\n)*)",
                                     (ROOT / path).read_text(), re.MULTILINE):
                shows[f"{match[1]}.{match[2]}"] = match[3]
        for row in ROWS:
            if not row[1].strip().startswith("FM-") or len(row) <= 5:
                continue
            names = re.findall(r"`(\w+\.[A-Z]\w+)`", row[4])
            if names:
                self.assertTrue(any(row[1].strip() in shows[name] for name in names), row[1])


if __name__ == "__main__":
    unittest.main()
