#!/usr/bin/env python3
"""A gateway: one peer with the credentials of alice and bob besides its own, and clients of its API that its policy lets
act as one of them, as both, or as nobody."""
import os
import subprocess
import time
import unittest

from support import PROGRAMS, OverlayTestCase, note
from local_overlay import environment, free_ports

PEERS = 3


class GatewayTest(OverlayTestCase):
    def test_clients_act_as_whom_the_policy_lets_them(self):
        # Shows: FM-06, FM-51, STORE-09.
        with self.overlay(PEERS) as overlay:
            self.overlay_now = overlay
            self.gateway, self.reader = overlay.peers[:2]
            self.alice, self.bob = (f"{name}@{overlay.name}" for name in ("ann", "bert"))
            self.users = overlay.folder / "users"
            for user in (self.alice, self.bob):
                overlay.enrolld("issue", "--dir", overlay.folder / "authority", "--user", user, "--out",
                                self.users / user)
            self.make_certificates()
            self.write_policy()
            self.port = free_ports(1)[0]
            options = ["--user-credentials", self.users, "--api-policy", self.policy, "--api-listen",
                       f"127.0.0.1:{self.port}", "--api-cert", self.pem("api.crt"), "--api-key", self.pem("api.key"),
                       "--api-client-ca", self.pem("ca.crt")]
            command = [*self.gateway.command(), *map(str, options)]
            self.gateway.command = lambda: command
            overlay.start()
            self.converge(overlay, 60)
            for step in (self.a_policy_that_cannot_be_read_is_refused, self.as_alice, self.as_nobody_else,
                         self.a_certificate_that_may_be_both, self.a_certificate_without_rules, self.shared_entries,
                         self.refusals_are_counted_and_told_once, self.others_have_no_such_users):
                with self.subTest(step.__name__):
                    step()
            self.assertEqual(self.gateway.stop(), 0)

    def pem(self, name):
        return self.overlay_now.folder / name

    def openssl(self, *arguments):
        done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def make_certificates(self):
        """A CA of the application's, the API's certificate, and one for each of two clients."""
        new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        self.openssl("req", "-x509", *new_key, "-keyout", self.pem("ca.key"), "-out", self.pem("ca.crt"), "-subj",
                     "/CN=the application's CA", "-days", "2")
        for name in ("api", "both", "stranger"):
            self.openssl("req", *new_key, "-keyout", self.pem(f"{name}.key"), "-out", self.pem(f"{name}.csr"), "-subj",
                         f"/CN={name}")
            extensions = self.pem(f"{name}.ext")
            extensions.write_text("subjectAltName=IP:127.0.0.1\n")
            self.openssl("x509", "-req", "-in", self.pem(f"{name}.csr"), "-CA", self.pem("ca.crt"), "-CAkey",
                         self.pem("ca.key"), "-CAcreateserial", "-out", self.pem(f"{name}.crt"), "-days", "2", "-extfile",
                         extensions)

    def write_policy(self):
        fingerprint = self.openssl("x509", "-in", self.pem("both.crt"), "-noout", "-fingerprint", "-sha256")
        self.policy = self.overlay_now.folder / "policy.json"
        self.policy.write_text(f"""{{"rules": [
            // This test: at the unix socket.
            {{"name": "alice only", "client": {{"uid": {os.geteuid()}}},
              "methods": ["put", "get", "remove", "stat", "status", "ring"],
              "as": ["{self.alice}"], "keys": ["shared/", "{self.alice}/", "{self.bob}/"]}},
            {{"name": "both", "client": {{"certificate_sha256": "{fingerprint.strip().split("=")[1]}"}},
              "methods": ["put", "get"], "as": ["{self.alice}", "{self.bob}"], "keys": [""]}}
        ]}}
        """)

    def over_tls(self, client, *arguments):
        command = [f"{PROGRAMS}/ringway", "--api", f"127.0.0.1:{self.port}", "--api-ca", self.pem("ca.crt"), "--api-cert",
                   self.pem(f"{client}.crt"), "--api-key", self.pem(f"{client}.key"), *arguments]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30, check=False,
                              stdin=subprocess.DEVNULL, env=environment())
        return done.returncode, done.stdout, done.stderr

    def entry(self, key, at=None):
        entries = (at or self.reader).json("get", key)["entries"]
        self.assertEqual(len(entries), 1)
        return entries[0]

    def a_policy_that_cannot_be_read_is_refused(self):
        wrong = self.overlay_now.folder / "wrong.json"
        wrong.write_text('{"rules": [\n {"client": {"uid": 0},\n  "methods": ["puts"]}]}')
        command = list(self.gateway.command())
        command[command.index("--api-policy") + 1] = str(wrong)
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertRegex(done.stdout + done.stderr, r'wrong\.json: line 3: \W*puts\W* is no method; there are put, get')

    def as_alice(self):
        for n in range(8):  # here and there: some of them the gateway keeps itself
            key = f"{self.alice}/card{n}"
            self.gateway.json("put", key, f"hers {n}", "--as", self.alice)
            entry = self.entry(key)
            self.assertEqual((entry["value"], entry["writer"]), (f"hers {n}", self.alice))
            self.assertNotEqual(entry["writer_node"], self.gateway.node)
        self.assertEqual(self.gateway.ringway("rm", f"{self.alice}/card0", "--as", self.alice)[0], 0)
        self.assertEqual(self.reader.ringway("get", f"{self.alice}/card0")[0], 3)

    def as_nobody_else(self):
        for user in (self.bob, self.gateway.user, None):
            as_user = [] if user is None else ["--as", user]
            code, _, err = self.gateway.ringway("put", "shared/refused", "no", *as_user)
            self.assertEqual(code, 5, err)
            self.assertIn("policy", err)
        # May do it by the policy, and not by the overlay: alice does not write under bob's name.
        code, _, err = self.gateway.ringway("put", f"{self.bob}/card", "forged", "--as", self.alice)
        self.assertEqual(code, 5, err)
        self.assertIn(f"only {self.bob} may write", err)
        for command in (["ping", self.reader.node], ["leave"]):
            self.assertEqual(self.gateway.ringway(*command)[0], 5)
        self.assertEqual(self.reader.ringway("get", "shared/refused")[0], 3)

    def a_certificate_that_may_be_both(self):
        for user in (self.alice, self.bob):
            key = f"{user}/by-tls"
            code, _, err = self.over_tls("both", "put", key, user, "--as", user)
            self.assertEqual(code, 0, err)
            self.assertEqual(self.entry(key)["writer"], user)
        self.assertEqual(self.over_tls("both", "status")[0], 5)
        self.assertEqual(self.over_tls("both", "put", "shared/x", "no")[0], 5)

    def a_certificate_without_rules(self):
        for command in (["put", "shared/x", "no", "--as", self.alice], ["get", f"{self.alice}/by-tls"], ["status"]):
            code, _, err = self.over_tls("stranger", *command)
            self.assertEqual(code, 5, err)
            self.assertIn("CN=stranger", err)

    def shared_entries(self):
        self.assertEqual(self.over_tls("both", "put", "shared/guests", "bob", "--as", self.bob)[0], 0)
        self.gateway.json("put", "shared/guests", "alice", "--as", self.alice)
        self.reader.json("put", "shared/guests", "reader")
        found = {entry["writer"]: entry["value"] for entry in self.reader.json("get", "shared/guests")["entries"]}
        self.assertEqual(found, {self.alice: "alice", self.bob: "bob", self.reader.user: "reader"})

    def refusals_are_counted_and_told_once(self):
        status = self.gateway.json("status")
        self.assertEqual(status["api"]["policy_rules"], 2)
        self.assertEqual(status["storage"]["further_users"], 2)
        self.assertGreater(status["storage"]["writes_as_others"], 8)
        before = status["api"]["calls_refused"]
        for _ in range(5):
            self.gateway.ringway("put", "shared/refused", "no", "--as", self.bob)
        self.assertEqual(self.gateway.json("status")["api"]["calls_refused"], before + 5)
        time.sleep(1.5)  # the peer looks each second
        log = self.gateway.log.read_text()
        told = log.count("the API has refused calls")
        note(f"{before + 5} refusals, told {told} times")
        self.assertGreaterEqual(told, 1)
        self.assertLess(told, 6)
        self.assertNotIn("shared/refused", log)
        self.assertNotIn("PRIVATE KEY", log)

    def others_have_no_such_users(self):
        code, _, err = self.reader.ringway("put", f"{self.alice}/card", "no", "--as", self.alice)
        self.assertEqual(code, 5, err)
        self.assertIn("--api-policy", err)


if __name__ == "__main__":
    unittest.main()
