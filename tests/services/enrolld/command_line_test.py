#!/usr/bin/env python3
"""ringway-enrolld's keys from the command line: a passphrase typed at a terminal, in a file, in the environment."""
import os
import pty
import select
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

PROGRAM = Path(os.environ["RINGWAY_PROGRAMS"]) / "ringway-enrolld"
WORD = "correct horse"
DEADLINE_S = 30


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RINGWAY_")}
    return {**kept, **more}


def run(*arguments, **more):
    """Without a terminal, as a script or a service runs it."""
    return subprocess.run([PROGRAM, *map(str, arguments)], env=environment(**more), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=DEADLINE_S,
                          start_new_session=True, check=False)


def at_terminal(arguments, answers):
    """Types the answers, each after a prompt of its own. Returns the exit code and what the screen showed."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(PROGRAM, [str(PROGRAM), *map(str, arguments)], environment())
    shown, waiting, deadline = "", list(answers), time.monotonic() + DEADLINE_S
    seen = 0  # how much had been shown when the last answer was typed
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        if not piece:
            break
        shown += piece.decode()
        if waiting and shown[seen:].rstrip("\r\n").endswith(": "):
            time.sleep(0.1)  # until the echo is off
            seen = len(shown)
            os.write(terminal, waiting.pop(0).encode() + b"\n")
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown


class Keys(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="ringway-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.authority = self.folder / "authority"
        self.init = ["init", "--overlay", "overlay.example.org", "--dir", self.authority]
        self.issue = ["issue", "--dir", self.authority, "--user", "alice@example.org", "--out", self.folder / "alice"]

    def good(self, ran):
        self.assertEqual(ran.returncode, 0, ran.stdout)

    def encrypted(self, name):
        return "ENCRYPTED" in (self.authority / name).read_text()

    def test_without_a_passphrase_nothing_is_encrypted_and_nobody_is_asked(self):
        self.good(run(*self.init))
        self.assertFalse(any(self.encrypted(name) for name in ("root.key", "issuing.key", "signer.key")))
        self.good(run(*self.issue))
        self.assertEqual((self.folder / "alice/node.crt").read_text().count("BEGIN CERTIFICATE"), 2)

    def test_a_typed_passphrase_is_not_shown(self):
        code, shown = at_terminal([*self.init, "--ask-key-passphrase"], [WORD, WORD])
        self.assertEqual(code, 0, shown)
        self.assertNotIn(WORD, shown)
        self.assertTrue(all(self.encrypted(name) for name in ("root.key", "issuing.key", "signer.key")))
        code, shown = at_terminal(self.issue, [WORD])
        self.assertEqual(code, 0, shown)
        self.assertNotIn(WORD, shown)

    def test_two_different_passphrases_make_nothing(self):
        code, shown = at_terminal([*self.init, "--ask-key-passphrase"], [WORD, "correct mouse"])
        self.assertNotEqual(code, 0, shown)
        self.assertFalse((self.authority / "root.key").exists())

    def test_a_script_gives_it_by_file_or_environment(self):
        self.good(run(*self.init, RINGWAY_KEY_PASSPHRASE=WORD))
        self.assertTrue(self.encrypted("issuing.key"))
        refused = run(*self.issue)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn("RINGWAY_KEY_PASSPHRASE", refused.stdout)
        wrong = run(*self.issue, RINGWAY_KEY_PASSPHRASE="correct mouse")
        self.assertEqual(wrong.returncode, 1, wrong.stdout)
        self.assertNotIn("mouse", wrong.stdout)
        passphrase = self.folder / "passphrase"
        passphrase.write_text(WORD + "\n")
        self.good(run(*self.issue, "--key-passphrase-file", passphrase))
        self.good(run("update-config", "--dir", self.authority, "--bootstrap", "192.0.2.1:6084",
                      RINGWAY_KEY_PASSPHRASE=WORD))

    def test_the_root_is_kept_elsewhere_and_brought_for_another_issuing_key(self):
        self.good(run(*self.init))
        away = self.folder / "away.key"
        (self.authority / "root.key").rename(away)
        self.good(run(*self.issue))
        self.assertEqual(run("new-issuing-key", "--dir", self.authority).returncode, 1)
        self.good(run("new-issuing-key", "--dir", self.authority, "--root-key", away))

    def test_a_command_that_there_is_not_is_named(self):
        mistyped = run("invit", "--user", "alice@example.org")
        self.assertEqual(mistyped.returncode, 2, mistyped.stdout)
        self.assertIn("there is no command 'invit'", mistyped.stdout)

    def test_the_next_steps_are_those_of_the_overlay(self):
        made = run(*self.init)
        self.good(made)
        self.assertIn(f"next: ringway-enrolld issue --dir {self.authority} --user", made.stdout)
        self.assertNotIn("serve", made.stdout)
        made = run(*self.init, "--force", "--enrollment-server", "https://overlay.example.org/enroll")
        self.good(made)
        self.assertIn(f"next: ringway-enrolld serve --dir {self.authority} --state", made.stdout)
        self.assertIn("ringway-enrolld invite --state state --user", made.stdout)
        self.assertIn("--proof mail", made.stdout)
        self.assertNotIn("enrolld issue", made.stdout)

    def test_a_document_that_nobody_takes(self):
        self.good(run(*self.init, RINGWAY_KEY_PASSPHRASE=WORD))
        push = ["push", "--dir", self.authority]
        updated = run("update-config", "--dir", self.authority, "--bad-node", "0f" * 16, RINGWAY_KEY_PASSPHRASE=WORD)
        self.good(updated)
        self.assertIn(f"next: ringway-enrolld push --dir {self.authority} --to", updated.stdout)
        nobody = run(*push, RINGWAY_KEY_PASSPHRASE=WORD)
        self.assertEqual(nobody.returncode, 1, nobody.stdout)
        self.assertIn("--to", nobody.stdout)
        self.assertEqual(run(*push, "--to", "somewhere", RINGWAY_KEY_PASSPHRASE=WORD).returncode, 2)
        self.assertEqual(run(*push, "--to", "127.0.0.1:1").returncode, 1)  # without the passphrase
        refused = run(*push, "--to", "127.0.0.1:1", "--timeout", "1", RINGWAY_KEY_PASSPHRASE=WORD)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn("127.0.0.1:1  Connection refused", refused.stdout)
        self.assertIn("nobody has taken sequence 2", refused.stdout)

    def test_a_script_that_cannot_be_asked_is_told_so(self):
        asked = run(*self.init, "--ask-key-passphrase")
        self.assertEqual(asked.returncode, 1, asked.stdout)
        self.assertIn("no terminal", asked.stdout)


class AdHoc(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="ringway-")
        self.addCleanup(self.temporary.cleanup)
        self.folder = Path(self.temporary.name)
        self.init = ["init", "--ad-hoc", "--overlay", "site.example.org", "--dir", self.folder / "adhoc"]

    def test_says_how_to_go_on_and_never_the_secret(self):
        made = run(*self.init, "--new-shared-secret")
        self.assertEqual(made.returncode, 0, made.stdout)
        self.assertIn("nobody else", made.stdout)
        self.assertIn("--self-signed-user", made.stdout)
        document = self.folder / "adhoc" / "overlay.xml"
        secret = document.read_text().split("<shared-secret>")[1].split("<")[0]
        self.assertNotIn(secret, made.stdout)
        self.assertEqual(document.stat().st_mode & 0o777, 0o600)

    def test_a_password_is_no_key(self):
        # Shows: SEC-35, FM-31.
        (self.folder / "word").write_text("Tr0ub4dor&3\n", encoding="utf-8")
        refused = run(*self.init, "--shared-secret-file", self.folder / "word")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("--new-shared-secret", refused.stdout)
        self.assertNotIn("Tr0ub4dor", refused.stdout)
        self.assertFalse((self.folder / "adhoc" / "overlay.xml").exists())

    def test_the_next_document_goes_by_a_peer(self):
        self.assertEqual(run(*self.init).returncode, 0)
        updated = run("update-config", "--dir", self.folder / "adhoc", "--bad-node", "0f" * 16)
        self.assertEqual(updated.returncode, 0, updated.stdout)
        self.assertIn(f"next: start one peer with --config-document {self.folder}/adhoc/overlay.xml", updated.stdout)
        self.assertNotIn("push", updated.stdout)
        refused = run("push", "--dir", self.folder / "adhoc", "--to", "127.0.0.1:1")
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn("site.example.org has no authority", refused.stdout)
        self.assertIn("one peer", refused.stdout)

    def test_options_that_do_not_go_together(self):
        self.assertEqual(run("init", "--overlay", "site.example.org", "--dir", self.folder / "a",
                             "--new-shared-secret").returncode, 2)
        self.assertEqual(run(*self.init, "--self-signed", "md5").returncode, 2)
        self.assertEqual(run(*self.init, "--new-shared-secret", "--shared-secret-file", "x").returncode, 2)


if __name__ == "__main__":
    unittest.main()
