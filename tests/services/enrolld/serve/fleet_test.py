#!/usr/bin/env python3
"""Two servers on one PostgreSQL, and many claimants at the same moment: each name goes to whoever has its mailbox, no
Node-ID is given twice, and two devices of one person make one account."""
import collections
import http.client
import re
import shutil
import ssl
import subprocess
import threading
import time
import unittest
from pathlib import Path

from enrolld_world import ServerTestCase
from postgres import Postgres

NAMES, INTRUDERS = 150, 50
LIMITS = [word for limit in ("attempts-per-source", "mails-per-source", "certificates-per-source", "nodes-per-source")
          for word in (f"--{limit}", 100_000)]
BOUNDARY = "ringway-test-boundary"


class Claimant:
    """One who wants a name: over HTTPS, with a key of its own."""

    def __init__(self, world, server, user, csr):
        self.world, self.server, self.user, self.csr = world, server, user, csr
        self.context = ssl.create_default_context(cafile=world.tls)

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPSConnection(self.server.https, context=self.context, timeout=60)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, **fields):
        body = b""
        for name, value in {"username": self.user, **fields}.items():
            body += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        body += (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="csr"\r\nContent-Type: application/pkcs10\r\n'
                 "\r\n").encode() + self.csr + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self.ask("POST", "/enroll", body, {"Accept": "application/pkix-cert",
                                                  "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})

    def begin(self):
        status, headers, body = self.post()
        if (status, body) != (403, b"failed_authentication") or "Ringway-Enrolment" not in headers:
            raise AssertionError(f"{self.user}: begin: {status} {body}")
        return headers["Ringway-Enrolment"]

    def follow(self, link):
        status, _, body = self.ask("POST", link)
        if status != 200:
            raise AssertionError(f"{self.user}: link: {status} {body}")

    def owner(self):
        enrolment = self.begin()
        self.follow(self.world.mail_of(enrolment)[0])
        return self.post(enrolment=enrolment)

    def intruder(self):
        """Has the name and a key, but not the mailbox."""
        enrolment = self.begin()
        return self.post(enrolment=enrolment, password="0000 0000")


def at_once(calls):
    """All of them at the same moment; their results, in order."""
    barrier, results = threading.Barrier(len(calls)), [None] * len(calls)

    def run(place, call):
        barrier.wait(60)
        try:
            results[place] = call()
        except BaseException as wrong:  # for the test to show
            results[place] = wrong
    threads = [threading.Thread(target=run, args=(place, call), daemon=True) for place, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    return results


class Fleet(ServerTestCase):
    def setUp(self):
        self.database = Postgres()
        self.addCleanup(self.database.close)
        self.w = self.world(mail=True)
        shared = [*self.w.mail_options(), "--database", self.database.url(), "--connections-per-address", 512, *LIMITS]
        first = self.server(self.w, *shared)
        # The second is another machine: its own copy of the folder, its own state, the same key of the codes.
        key = self.w.folder / "code.key"
        shutil.copy(first.state / "code.key", key)
        folder = self.w.folder / "authority of the second"
        shutil.copytree(self.w.authority, folder)
        self.servers = [first, self.server(self.w, *shared, "--code-key-file", key, directory=folder)]

    def claimants(self, names):
        """Made before, so that they come at the same moment."""
        keys = [self.w.path(".key") for _ in names]
        made = [subprocess.Popen(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                  "-nodes", "-keyout", key, "-subj", "/CN=node", "-outform", "DER", "-out", f"{key}.csr"],
                                 stderr=subprocess.DEVNULL) for key in keys]
        for process in made:
            self.assertEqual(process.wait(60), 0)
        return [Claimant(self.w, self.servers[place % 2], name, Path(f"{key}.csr").read_bytes())
                for place, (name, key) in enumerate(zip(names, keys))]

    def accounts(self):
        fields = self.servers[0].rpc("List", "page_size: 1000").fields
        return re.findall(r'user: "([^"]+)"', fields), re.findall(r'node: "(\w+)"', fields)

    def test_200_claims_to_150_names_by_two_servers(self):
        # Shows: ENROLL-13, ENROLL-16, FM-33.
        names = [f"user{number}@example.org" for number in range(NAMES)]
        everyone = self.claimants(names + names[:INTRUDERS])
        owners, intruders = everyone[:NAMES], everyone[NAMES:]
        started = time.monotonic()
        results = at_once([one.owner for one in owners] + [one.intruder for one in intruders])
        print(f"{len(results)} claims in {time.monotonic() - started:.1f} s", flush=True)
        wrong = [result for result in results if isinstance(result, BaseException) or result is None]
        self.assertEqual(wrong, [])
        certificates = [body for status, _, body in results if status == 200]
        refusals = collections.Counter((status, body) for status, _, body in results if status != 200)
        self.assertEqual((len(certificates), dict(refusals)), (NAMES, {(403, b"failed_authentication"): INTRUDERS}))
        self.assertTrue(all(status == 200 for status, _, _ in results[:NAMES]))
        nodes = [node for der in certificates for node in self.w.nodes_in(der)]
        self.assertEqual(len(set(nodes)), NAMES)
        users, listed = self.accounts()
        self.assertEqual((sorted(users), len(set(listed)), len(listed)), (sorted(names), NAMES, NAMES))
        measures = [server.measures() for server in self.servers]
        self.assertEqual(sum(one["made_account"] for one in measures), NAMES)
        self.assertEqual(sum(one["wrong_proof"] for one in measures), INTRUDERS)

    def test_two_proven_claimants_of_one_name_at_the_same_moment_are_two_devices_of_one_account(self):
        # Shows: ENROLL-16.
        rounds = 10
        for number in range(rounds):
            name = f"twin{number}@example.org"
            pair = self.claimants([name, name])
            enrolments = [one.begin() for one in pair]
            links = [self.w.mail_of(enrolment)[0] for enrolment in enrolments]
            answers = at_once([lambda one=one, link=link: one.follow(link) for one, link in zip(pair, links)])
            self.assertEqual(answers, [None, None])
            ders = [one.post(enrolment=enrolment) for one, enrolment in zip(pair, enrolments)]
            self.assertEqual([status for status, _, _ in ders], [200, 200])
            self.assertNotEqual(self.w.nodes_in(ders[0][2]), self.w.nodes_in(ders[1][2]))
        users, nodes = self.accounts()
        self.assertEqual((len(users), len(nodes), len(set(nodes))), (rounds, 2 * rounds, 2 * rounds))

    def test_a_revocation_at_one_is_in_the_document_of_the_other(self):
        one = self.claimants(["carol@example.org"])[0]
        self.assertEqual(one.owner()[0], 200)
        _, nodes = self.accounts()
        self.assertEqual(self.servers[0].rpc("Revoke", f'node: "{nodes[0]}"').status, 0)
        self.assertIn(nodes[0], self.servers[1].curl("/.well-known/reload-config").text.lower())
        self.eventually(lambda: any(event["sequence"] == 2 for event in self.servers[1].events("configuration document")))


if __name__ == "__main__":
    unittest.main()
