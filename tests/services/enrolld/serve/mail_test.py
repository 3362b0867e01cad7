#!/usr/bin/env python3
"""From an address of mail to a certificate: a real mail server gets the mail, its link or code brings the certificate;
what a signing request asks for besides its key, and what somebody without the mailbox tries, brings nothing."""
import re
import time
import unittest

from enrolld_world import ServerTestCase, octets, run

ALICE = "alice@example.org"


class Mail(ServerTestCase):
    def setUp(self):
        self.w = self.world(mail=True)
        self.s = self.server(self.w, *self.w.mail_options(), "--grpc", "127.0.0.1:0", "--nodes-per-name", 2,
                             "--gather-seconds", 1)

    def begin(self, user, csr):
        answer = self.s.enrol(user, csr)
        self.assertEqual((answer.status, answer.text), (403, "failed_authentication"))
        enrolment = answer.headers["ringway-enrolment"]
        self.assertRegex(enrolment, "^[0-9a-f]{32}$")
        return enrolment

    def by_link(self, user, key, *extensions):
        csr = self.w.csr(key, *extensions)
        enrolment = self.begin(user, csr)
        link, _ = self.w.mail_of(enrolment)
        self.assertEqual(self.s.curl(link, "-X", "POST").status, 200)
        return self.s.enrol(user, csr, enrolment=enrolment)

    def test_the_link_of_a_mail_brings_a_certificate(self):
        # Shows: ENROLL-11, ENROLL-13, ENROLL-15.
        csr = self.w.csr(self.w.key())
        enrolment = self.begin(ALICE, csr)
        mail = self.w.mails.wait(lambda line: line["event"] == "mail")
        self.assertEqual((mail["to"], mail["user"]), ([ALICE], "enrol"))
        self.assertIn("TLS", mail["tls"])
        link, code = self.w.mail_of(enrolment)
        page = self.s.curl(link)  # as a mail scanner does
        self.assertEqual(page.status, 200)
        self.assertIn(ALICE, page.text)
        self.assertEqual(self.s.enrol(ALICE, csr, enrolment=enrolment).status, 403, "opening the link proves nothing")
        form = re.search(r'<form method="post" action="([^"]+)">', page.text).group(1)
        self.assertIn("Confirmed", self.s.curl(form, "-X", "POST").text)
        answer = self.s.enrol(ALICE, csr, enrolment=enrolment)
        self.assertEqual(answer.status, 200, answer.text)
        path, text = self.w.certificate(answer.body)
        self.assertIn(f"email:{ALICE}", text)
        run("openssl", "verify", "-CAfile", self.w.authority / "root.crt", "-untrusted",
            self.w.authority / "issuing.crt", path)
        for secret in (link.rsplit("/", 1)[1], code, code.replace(" ", ""), "mail password"):
            self.assertNotIn(secret, self.s.log)
        self.assertEqual(self.s.events("certificate handed out")[0]["user"], ALICE)

    def test_the_name_is_not_for_somebody_without_the_mailbox(self):
        # Shows: ENROLL-16.
        self.assertEqual(self.by_link(ALICE, self.w.key()).status, 200)
        csr = self.w.csr(self.w.key())
        enrolment = self.begin(ALICE, csr)
        _, code = self.w.mail_of(enrolment)  # which the intruder does not see
        wrong = "11111111" if code.replace(" ", "") != "11111111" else "22222222"
        for _ in range(5):
            self.assertEqual(self.s.enrol(ALICE, csr, wrong, enrolment=enrolment).text, "failed_authentication")
        self.assertEqual(self.s.enrol(ALICE, csr, code, enrolment=enrolment).text, "failed_authentication",
                         "five guesses are all there are")
        for password in ("rwi_" + "A" * 43, "password"):
            self.assertEqual(self.s.enrol(ALICE, csr, password).status, 403)
        self.assertEqual(self.s.rpc("List").fields.count("node:"), 1)
        self.assertEqual(self.s.measures()["out_of_attempts"], 1)

    def test_what_a_request_asks_for_besides_its_key_it_does_not_get(self):
        # Shows: ENROLL-24.
        another = self.s.enrol(ALICE, self.w.csr(self.w.key(), "subjectAltName=email:bob@example.org"))
        self.assertEqual((another.status, another.text), (403, "username_not_available"))
        self.assertNotIn("ringway-enrolment", another.headers)
        wished = "ab" * 16
        answer = self.by_link(ALICE, self.w.key(),
                              f"subjectAltName=email:{ALICE},URI:reload://{wished}@overlay.example.org/",
                              "basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign")
        self.assertEqual(answer.status, 200, answer.text)
        _, text = self.w.certificate(answer.body)
        self.assertIn("CA:FALSE", text)
        self.assertNotIn("CA:TRUE", text)
        self.assertNotIn("Certificate Sign", text)
        self.assertNotIn(wished, text.lower())

    def test_another_key_is_another_device_up_to_a_quota_and_may_replace_a_lost_one(self):
        # Shows: ENROLL-14, ENROLL-22.
        key = self.w.key()
        first = self.w.nodes_in(self.by_link(ALICE, key).body)
        again = self.w.nodes_in(self.by_link(ALICE, key).body)
        self.assertEqual(first, again, "the same key keeps its Node-ID")
        second = self.w.nodes_in(self.by_link(ALICE, self.w.key()).body)
        self.assertNotEqual(first, second)
        listed = self.s.rpc("List", f'user: "{ALICE}"')
        self.assertEqual((listed.fields.count("accounts {"), listed.fields.count("node:")), (1, 2))
        csr = self.w.csr(self.w.key())
        enrolment = self.begin(ALICE, csr)
        _, code = self.w.mail_of(enrolment)
        self.assertEqual(self.s.enrol(ALICE, csr, code, enrolment=enrolment).text, "Node-IDs_not_available")

        lost = next(node for node in re.findall(r'node: "(\w+)"', listed.fields) if node in first[0])
        third = self.w.csr(self.w.key())
        begun = self.s.rpc("Begin", f'user: "{ALICE}" proof: PROOF_MAIL csr: {octets(third.read_bytes())} '
                                    f'replace_node: "{lost}"', socket=False)
        self.assertEqual(begun.status, 0, begun)
        _, code = self.w.mail_of(begun.field("enrolment"))
        confirmed = self.s.rpc("Confirm", f'enrolment: "{begun.field("enrolment")}" code: "{code}"', socket=False)
        self.assertEqual(confirmed.status, 0, confirmed)
        end = time.monotonic() + 60
        while lost not in self.s.curl("/.well-known/reload-config").text.lower():
            self.assertLess(time.monotonic(), end, "the replaced device is not shut out")
            time.sleep(0.2)
        good = re.findall(r'node: "(\w+)"(?:(?!node:).)*?revoked_ms', self.s.rpc("List").fields, re.S)
        self.assertIn(lost, good)

    def test_many_mails_to_one_address_or_from_one_source_are_refused(self):
        server = self.server(self.w, *self.w.mail_options(), "--mails-per-name", 2, "--mails-per-source", 3)
        csr = self.w.csr(self.w.key())
        self.assertEqual([server.enrol(ALICE, csr).status for _ in range(3)], [403, 403, 429])
        refused = server.enrol("bob@example.org", csr)
        self.assertEqual(refused.status, 429)
        self.assertGreater(int(refused.headers["retry-after"]), 0)
        measures = server.measures()
        self.assertEqual((measures["limit_mails_to_name"], measures["limit_mails_of_source"]), (1, 1))


class Telephone(ServerTestCase):
    def test_a_code_to_the_telephone_proves_its_number(self):
        world = self.world()
        secret = world.folder / "webhook-secret"
        secret.write_text("s" * 32 + "\n")
        messages, port = world.counterpart("verifier.py", "--webhook-key", "s" * 32)
        server = self.server(world, "--proof", "telephone", "--webhook", f"https://localhost:{port}/verify",
                             "--webhook-ca", world.tls, "--webhook-secret-file", secret)
        csr = world.csr(world.key())
        begun = server.enrol("tel:+4312345", csr)
        self.assertEqual((begun.status, begun.text), (403, "failed_authentication"))
        enrolment = begun.headers["ringway-enrolment"]
        code = messages.wait(lambda line: line["event"] == "short-message")["code"]
        wrong = server.enrol("tel:+4312345", csr, "000000" if code != "000000" else "111111", enrolment=enrolment)
        self.assertEqual(wrong.text, "failed_authentication")
        answer = server.enrol("tel:+4312345", csr, code, enrolment=enrolment)
        self.assertEqual(answer.status, 200, answer.text)
        self.assertIn("email:+4312345@overlay.example.org", world.certificate(answer.body)[1])
        self.assertEqual(server.enrol("tel:+41000", csr).text, "username_not_available")
        measures = server.measures()
        self.assertEqual((measures["wrong_telephone_code"], measures["verifier_refused"]), (1, 1))
        self.assertNotIn(code, server.log)


class ForeignCertificate(ServerTestCase):
    def test_a_certificate_of_a_trusted_authority_proves_the_mailbox_in_it(self):
        world = self.world()
        ca_key, ca = world.key(), world.path(".pem")
        run("openssl", "req", "-x509", "-new", "-key", ca_key, "-subj", "/CN=Mailbox CA", "-days", 2, "-out", ca,
            "-addext", "basicConstraints=critical,CA:TRUE")
        server = self.server(world, "--proof", "certificate", "--foreign-root", ca)
        shown = world.key()
        certificate = self.client_certificate(world, shown, ca, ca_key)
        tls = ["--cert", certificate, "--key", shown]
        mine = server.enrol(ALICE, world.csr(world.key()), more=tls)
        self.assertEqual(mine.status, 200, mine.text)
        self.assertIn(f"email:{ALICE}", world.certificate(mine.body)[1])
        self.assertEqual(server.enrol("bob@example.org", world.csr(world.key()), more=tls).text,
                         "failed_authentication")
        self.assertEqual(server.enrol(ALICE, world.csr(world.key())).status, 403)
        other_key, other = world.key(), world.path(".pem")
        run("openssl", "req", "-x509", "-new", "-key", other_key, "-subj", "/CN=Other CA", "-days", 2, "-out", other)
        forged = self.client_certificate(world, shown, other, other_key)
        self.assertEqual(server.enrol(ALICE, world.csr(world.key()), more=["--cert", forged, "--key", shown]).text,
                         "failed_authentication")

    @staticmethod
    def client_certificate(world, key, ca, ca_key):
        request, extensions, out = world.path(".req"), world.path(".ext"), world.path(".pem")
        extensions.write_text(f"subjectAltName=email:{ALICE}\nextendedKeyUsage=clientAuth\n"
                              "basicConstraints=CA:FALSE\n")
        run("openssl", "req", "-new", "-key", key, "-subj", "/CN=Alice", "-out", request)
        run("openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-days", 1,
            "-extfile", extensions, "-out", out)
        return out


if __name__ == "__main__":
    unittest.main()
