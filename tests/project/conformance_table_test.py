#!/usr/bin/env python3
"""How scripts/conformance-table reads tests and writes its table."""
import importlib.machinery
import importlib.util
import sys
import tempfile
import unittest
from pathlib import Path

from tree import ROOT

sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("conformance_table", str(ROOT / "scripts/conformance-table"))
spec = importlib.util.spec_from_loader(loader.name, loader)
table = importlib.util.module_from_spec(spec)
loader.exec_module(table)

SHOWS = "// Shows:"


def scanned(text, name="tests/a_test.cpp"):
    problems = []
    citations = [(c.id, c.name) for c in table.scan_text(Path(name), text, problems)]
    return citations, problems


class ScanTest(unittest.TestCase):
    def test_first_line_of_a_body(self):
        text = f"TEST(Header, Size) {{\n  {SHOWS} WIRE-13, LINK-20.\n}}\n"
        self.assertEqual(scanned(text), ([("WIRE-13", "Header.Size"), ("LINK-20", "Header.Size")], []))

    def test_above_a_test(self):
        text = f"TEST(A, B) {{\n}}\n\n{SHOWS} WIRE-13.\n// More words.\nTEST_F(C, D) {{\n}}\n"
        self.assertEqual(scanned(text), ([("WIRE-13", "C.D")], []))

    def test_whole_file(self):
        self.assertEqual(scanned(f"{SHOWS} WIRE-13.\n\nTEST(A, B) {{\n}}\n"), ([("WIRE-13", "")], []))

    def test_list_over_several_lines(self):
        text = f"TEST(A, B) {{\n  {SHOWS} WIRE-13,\n  // WIRE-14.\n}}\n"
        self.assertEqual(scanned(text)[0], [("WIRE-13", "A.B"), ("WIRE-14", "A.B")])

    def test_broken_macro(self):
        text = f"TEST(A,\n     B) {{\n  {SHOWS} WIRE-13.\n}}\n"
        self.assertEqual(scanned(text)[0], [("WIRE-13", "A.B")])

    def test_after_a_test_has_ended(self):
        text = f"TEST(A, B) {{\n}}\n\nvoid helper() {{\n  {SHOWS} WIRE-13.\n}}\n"
        self.assertEqual(scanned(text)[0], [("WIRE-13", "")])

    def test_python(self):
        text = "class A:\n    def test_b(self):\n        # Sho" + "ws: OVER-01.\n"
        self.assertEqual(scanned(text, "tests/a.py")[0], [("OVER-01", "test_b")])

    def test_unreadable_lists(self):
        for listed in ["WIRE-13", "WIRE-13 and WIRE-14.", "WIRE-13..15.", "wire-13."]:
            citations, problems = scanned(f"TEST(A, B) {{\n  {SHOWS} {listed}\n}}\n")
            self.assertEqual(citations, [], listed)
            self.assertEqual(len(problems), 1, listed)


class TreeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "tests").mkdir()
        (self.root / "docs").mkdir()
        rows = "id\trequirement\trefs\ttest\tpriority\nWIRE-01\tBig-endian\t6940\tunit\tP0\nWIRE-02\tX\t6940\tunit\tP1\n"
        (self.root / "docs/conformance-rows.tsv").write_text(rows)

    def run_table(self, *arguments):
        sys.argv = ["conformance-table", "--root", str(self.root), *arguments]
        return table.main()

    def cite(self, listed):
        (self.root / "tests/a_test.cpp").write_text(f"TEST(A, B) {{\n  {SHOWS} {listed}\n}}\n")

    def test_table_names_the_test_of_a_row(self):
        self.cite("WIRE-01.")
        self.assertEqual(self.run_table(), 0)
        lines = (self.root / "docs/conformance.md").read_text().splitlines()
        self.assertIn("| WIRE-01 | P0 | Big-endian | 6940 | unit | tests/a_test.cpp: `A.B` |", lines)
        self.assertIn("| WIRE-02 | P1 | X | 6940 | unit | not yet |", lines)
        self.assertIn("| WIRE | 1 of 1 | 0 of 1 |  | 1 of 2 |", lines)

    def test_check_fails_when_stale(self):
        self.cite("WIRE-01.")
        self.assertEqual(self.run_table(), 0)
        self.assertEqual(self.run_table("--check"), 0)
        self.cite("WIRE-02.")
        self.assertEqual(self.run_table("--check"), 1)

    def test_check_fails_on_a_row_that_does_not_exist(self):
        self.cite("WIRE-99.")
        self.assertEqual(self.run_table(), 1)
        self.assertEqual(self.run_table("--check"), 1)


class RowsTest(unittest.TestCase):
    def test_rows_are_complete(self):
        rows = table.read_rows(ROOT)
        areas = [row for row in rows if table.area_of(row.id) not in ("FM", "AMB")]
        self.assertEqual(len(areas), 482)
        self.assertEqual([sum(row.priority == p for row in areas) for p in table.PRIORITIES], [237, 174, 71])
        self.assertEqual(sum(table.area_of(row.id) == "FM" for row in rows), 51)
        self.assertEqual(len({row.id for row in rows}), len(rows))
        self.assertLessEqual({table.area_of(row.id) for row in rows}, set(table.AREAS))


if __name__ == "__main__":
    unittest.main()
