#!/usr/bin/env python3
"""Rules for the files of the tree: their length, and that they are at home on any machine."""
import re
import subprocess
import shutil
import unittest

from tree import ROOT, cpp_files, tree_files

MAX_CPP_LINES = 700
# Folders of one developer's machine. (Written so that this line does not match itself.)
MACHINE_PATH = re.compile(r"(?<![\w.$}~*-])/(?:root|work(?:space)?|home/[a-z]\w*)/")


def text_of(path):
    """The file's text, or None when it is binary."""
    try:
        return (ROOT / path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


class TreeTest(unittest.TestCase):
    def test_cpp_files_are_short(self):
        lengths = {str(path): len(text_of(path).splitlines()) for path in cpp_files()}
        too_long = {path: length for path, length in lengths.items() if length > MAX_CPP_LINES}
        self.assertEqual(too_long, {}, f"files over {MAX_CPP_LINES} lines")

    def test_no_machine_paths(self):
        found = []
        for path in tree_files():
            for number, line in enumerate((text_of(path) or "").splitlines(), start=1):
                if MACHINE_PATH.search(line):
                    found.append(f"{path}:{number}: {line.strip()}")
        self.assertEqual(found, [], "\n" + "\n".join(found))

    def test_headers_have_pragma_once(self):
        missing = [str(path) for path in cpp_files() if path.suffix == ".hpp" and "#pragma once" not in text_of(path)]
        self.assertEqual(missing, [])

    def test_every_test_source_is_named_as_a_test(self):
        macros = re.compile(r"^(TEST|TEST_F|TEST_P|TYPED_TEST)\(", re.M)
        misnamed = [str(path) for path in cpp_files() if path.parts[0] == "tests" and macros.search(text_of(path))
                    and not path.name.endswith("_test.cpp")]
        self.assertEqual(misnamed, [], "a file with tests is called *_test.cpp")


class ShellTest(unittest.TestCase):
    def shell_scripts(self):
        for path in tree_files():
            with open(ROOT / path, "rb") as file:
                if re.match(rb"#!.*\b(ba)?sh\b", file.readline()):
                    yield path

    def test_scripts_parse(self):
        for path in self.shell_scripts():
            result = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 0, result.stderr)

    @unittest.skipUnless(shutil.which("shellcheck"), "shellcheck is not installed")
    def test_shellcheck(self):
        command = ["shellcheck", "-x", *map(str, self.shell_scripts())]
        result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout)


if __name__ == "__main__":
    unittest.main()
