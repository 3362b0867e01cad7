#!/usr/bin/env python3
"""`ringway-enrolld serve` with invitations: its routes, its doors, who is an operator, how it starts and ends."""
import json
import signal
import socket
import ssl
import stat
import unittest

from enrolld_world import OVERLAY, PROGRAMS, ServerTestCase, environment, octets, run


class Invitations(ServerTestCase):
    def setUp(self):
        self.w = self.world(init=["--enrollment-server", f"https://{OVERLAY}/enroll"])
        self.s = self.server(self.w)

    def test_an_invitation_brings_a_certificate_that_openssl_verifies(self):
        # Shows: ENROLL-06, ENROLL-09, ENROLL-10, ENROLL-11, ENROLL-12.
        token = self.s.invite("alice@example.org")
        key = self.w.key()
        answer = self.s.enrol("alice@example.org", self.w.csr(key), token)
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "application/pkix-cert"), answer.text)
        path, text = self.w.certificate(answer.body)
        self.assertIn("email:alice@example.org", text)
        self.assertIn("reload://", text)
        run("openssl", "verify", "-CAfile", self.w.authority / "root.crt", "-untrusted",
            self.w.authority / "issuing.crt", path)
        same = run("openssl", "x509", "-inform", "DER", "-in", path, "-noout", "-pubkey").stdout
        self.assertEqual(same, run("openssl", "pkey", "-in", key, "-pubout").stdout)
        self.assertEqual(self.s.events("certificate handed out")[0]["user"], "alice@example.org")
        self.assertNotIn(token, self.s.log)

    def test_refusals_are_the_rfcs(self):
        # Shows: ENROLL-17.
        csr = self.w.csr(self.w.key())
        wrong = self.s.enrol("bob@example.org", csr, "rwi_" + "A" * 43)
        self.assertEqual((wrong.status, wrong.headers["content-type"], wrong.text),
                         (403, "text/plain", "failed_authentication"))
        token = self.s.invite()
        bad = self.w.path(".csr")
        bad.write_bytes(b"no request")
        self.assertEqual(self.s.enrol("bob@example.org", bad, token).text, "bad_CSR")
        self.assertEqual(self.s.enrol("not a name", csr, token).text, "username_not_available")
        self.assertEqual(self.s.enrol("bob@example.org", csr, token, nodes=99).text, "Node-IDs_not_available")
        for reserved in (f"configuration@{OVERLAY}", f"enrollment@{OVERLAY}"):
            self.assertEqual(self.s.enrol(reserved, csr, token).text, "username_not_available")
        self.assertEqual(self.s.enrol("bob@example.org", csr, token).status, 200)
        other = self.s.enrol("carol@example.org", self.w.csr(self.w.key()), token)
        self.assertEqual(other.text, "failed_authentication", "the invitation was for one use")

    def test_fields_in_the_address_are_not_looked_at(self):
        # Shows: ENROLL-21.
        token = self.s.invite()
        asked = self.s.curl(f"/enroll?username=bob@example.org&password={token}", "-X", "POST", "-H",
                            "Accept: application/pkix-cert")
        self.assertEqual(asked.status, 400)
        self.assertNotIn(token, self.s.log)

    def test_the_document_and_what_tells_programs_how_to_enrol(self):
        # Shows: CONFIG-01, ENROLL-02.
        document = self.s.curl("/.well-known/reload-config")
        self.assertEqual(document.headers["content-type"], "application/p2p-overlay+xml")
        self.assertEqual(document.body, (self.w.authority / "overlay.xml").read_bytes())
        self.assertIn(f"<enrollment-server>https://{OVERLAY}/enroll</enrollment-server>", document.text)
        told = json.loads(self.s.curl("/.well-known/ringway-enrollment").body)
        self.assertEqual(told, {"overlay": OVERLAY, "proofs": ["invitation"]})
        issuer = self.s.curl("/issuing.cer")
        path = self.w.path(".cer")
        path.write_bytes(issuer.body)
        run("openssl", "x509", "-inform", "DER", "-in", path, "-noout")
        self.assertIn(OVERLAY, self.s.curl("/").text)
        self.assertEqual(self.s.curl("/nothing").status, 404)

    def test_the_operators_socket_is_its_owners(self):
        mode = stat.S_IMODE((self.s.state / "operator.sock").stat().st_mode)
        self.assertEqual(mode, 0o600)
        self.assertEqual(stat.S_IMODE((self.s.state / "code.key").stat().st_mode), 0o600)
        self.assertEqual(stat.S_IMODE((self.s.state / "records.sqlite").stat().st_mode), 0o600)

    def test_revoking_makes_the_next_document_and_the_folder_follows(self):
        answer = self.s.enrol("alice@example.org", self.w.csr(self.w.key()), self.s.invite())
        self.assertEqual(answer.status, 200)
        listed = self.s.rpc("List")
        node = listed.field("node")
        before = self.s.curl("/.well-known/reload-config").text
        self.assertNotIn(node, before.lower())
        revoked = self.s.rpc("Revoke", f'node: "{node}" reason: "lost"')
        self.assertEqual((revoked.status, revoked.field("configuration_sequence")), (0, "2"))
        self.assertIn(node, self.s.curl("/.well-known/reload-config").text.lower())
        self.eventually(lambda: node in (self.w.authority / "overlay.xml").read_text().lower())
        self.assertEqual(self.s.rpc("Revoke", f'node: "{node}"').status, 5)

    def test_a_document_made_in_the_folder_is_taken_over_while_running(self):
        run(PROGRAMS / "ringway-enrolld", "update-config", "--dir", self.w.authority, "--bootstrap", "192.0.2.7:6084",
            env=environment())
        self.eventually(lambda: "192.0.2.7" in self.s.curl("/.well-known/reload-config").text)

    def test_the_folder_and_the_server_give_no_name_twice(self):
        # Shows: ENROLL-16.
        def issue(user, *more):
            return run(PROGRAMS / "ringway-enrolld", "issue", "--dir", self.w.authority, "--user", user, "--out",
                       self.w.path(""), *more, env=environment(), check=False)

        self.assertEqual(self.s.enrol("alice@example.org", self.w.csr(self.w.key()), self.s.invite()).status, 200)
        refused = issue("alice@example.org")
        self.assertEqual(refused.returncode, 1)
        self.assertIn(b"enrolled at the server already", refused.stderr)
        issued = issue("bob@example.org")
        self.assertEqual(issued.returncode, 0, issued.stderr)
        node = issued.stdout.decode().split("node ")[1].split()[0]
        self.assertEqual(self.s.rpc("List", 'user: "bob@example.org"').field("node"), node)
        bob = self.s.enrol("bob@example.org", self.w.csr(self.w.key()), self.s.invite("bob@example.org"))
        self.assertEqual(bob.text, "username_not_available")
        self.assertEqual(self.s.rpc("Revoke", 'user: "bob@example.org"').status, 0)
        self.eventually(lambda: node in (self.w.authority / "overlay.xml").read_text().lower())
        self.assertEqual(issue("alice@example.org", "--without-records").returncode, 0)

    def test_a_metric_for_each_refusal(self):
        csr = self.w.csr(self.w.key())
        self.s.enrol("bob@example.org", csr, "rwi_" + "A" * 43)
        self.s.enrol("bob@example.org", csr, "no invitation")
        self.s.enrol("not a name", csr, self.s.invite())
        measures = self.s.measures()
        self.assertEqual([measures[name] for name in ("wrong_proof", "bad_invitation", "bad_name", "invited")],
                         [1, 1, 1, 1])
        self.assertEqual(measures["calls_under_way"], 1)

    def test_it_stops_when_asked_and_goes_on_where_it_was(self):
        token = self.s.invite(uses=2)
        first = self.s.enrol("alice@example.org", self.w.csr(self.w.key()), token)
        self.assertEqual(first.status, 200)
        self.assertEqual(self.s.stop(), 0)
        self.s.start()
        self.assertEqual(self.s.enrol("bob@example.org", self.w.csr(self.w.key()), token).status, 200)
        self.assertEqual(self.s.enrol("alice@example.org", self.w.csr(self.w.key()), self.s.invite()).text,
                         "username_not_available")


class Starting(ServerTestCase):
    def refused(self, *options, **environ):
        folder = self.world()
        server = folder.server(*options, environ=environ, start=False)
        with self.assertRaises(AssertionError):
            server.start()
        # The folder's names stay those of the server that has served it.
        self.assertFalse((folder.authority / "served.json").exists())
        return server.process.returncode, server.log

    def test_what_is_wrong_is_said_in_a_line(self):
        for options, code, word in [
                (["--proof", "mail"], 2, "--smtp"),
                (["--database", "postgresql://localhost:1/none?connect_timeout=1"], 1, "cannot start"),
                (["--no-such-option"], 2, "no-such-option"),
                (["--https-cert", "/nowhere"], 1, "/nowhere")]:
            got, log = self.refused(*options)
            self.assertEqual(got, code, log)
            self.assertIn(word, log)

    def test_an_address_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            code, log = self.refused("--https", f"127.0.0.1:{taken.getsockname()[1]}")
        self.assertEqual(code, 1, log)

    def test_a_settings_file_and_the_environment(self):
        world = self.world()
        settings = world.folder / "settings.toml"
        settings.write_text('proof = ["invitation", "password"]\nlog-level = "debug"\n')
        server = self.server(world, "--config", settings, environ={"RINGWAY_ENROLLD_CERTIFICATE_DAYS": "3"})
        told = json.loads(server.curl("/.well-known/ringway-enrollment").body)
        self.assertEqual(told["proofs"], ["invitation", "password"])
        self.assertEqual(server.rpc("SetPassword", 'user: "alice@example.org" password: "a good word"').status, 0)
        answer = server.enrol("alice@example.org", world.csr(world.key()), "a good word")
        self.assertEqual(answer.status, 200, answer.text)
        path, _ = world.certificate(answer.body)
        self.assertEqual(run("openssl", "x509", "-inform", "DER", "-in", path, "-checkend", 4 * 86400,
                             check=False).returncode, 1)
        self.assertEqual(server.enrol("alice@example.org", world.csr(world.key()), "another word").text,
                         "failed_authentication")
        self.assertNotIn("a good word", server.log)


class Secrets(ServerTestCase):
    def test_encrypted_keys_need_their_passphrase(self):
        word = {"RINGWAY_KEY_PASSPHRASE": "correct horse"}
        world = self.world(environ=word)
        without = world.server(start=False)
        with self.assertRaises(AssertionError):
            without.start()
        self.assertEqual(without.process.returncode, 2, without.log)
        self.assertIn("RINGWAY_KEY_PASSPHRASE", without.log)
        server = self.server(world, "--log-level", "debug", environ=word)
        answer = server.enrol("alice@example.org", world.csr(world.key()), server.invite())
        self.assertEqual(answer.status, 200)
        self.assertNotIn("correct horse", server.log)

    def test_the_certificate_of_https_is_read_again(self):
        world = self.world()
        server = self.server(world)
        before = world.tls.read_bytes()
        world.make_tls()
        self.assertNotEqual(before, world.tls.read_bytes())
        with self.assertRaises(AssertionError):
            server.curl("/")
        server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: server.events("HTTPS has its certificate from the file again"))
        self.assertEqual(server.curl("/").status, 200)
        world.tls.write_text("nothing")
        server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: server.events("HTTPS keeps its old certificate"))

    def test_the_certificate_of_grpc_is_read_again(self):
        world = self.world()
        server = self.server(world, "--grpc", "127.0.0.1:0")
        self.assertEqual(self.shown(server.grpc), world.tls.read_text())
        world.make_tls()
        server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: server.events("gRPC has its certificate from the file again"))
        renewed = world.tls.read_text()
        self.assertEqual(self.shown(server.grpc), renewed)
        self.assertEqual(server.rpc("Describe", socket=False).status, 0)
        # A certificate without its key is not taken, and nobody is cut off for the same one.
        world.tls_key.write_bytes(world.key().read_bytes())
        server.process.send_signal(signal.SIGHUP)
        self.eventually(lambda: server.events("gRPC keeps its old certificate"))
        self.assertEqual(self.shown(server.grpc), renewed)
        self.assertEqual(server.stop(), 0)

    @staticmethod
    def shown(address):
        return ssl.get_server_certificate(tuple(address.rsplit(":", 1)), timeout=30)


class Grpc(ServerTestCase):
    def test_a_connection_that_says_nothing_is_closed(self):
        server = self.server(self.world(), "--grpc", "127.0.0.1:0")
        host, port = server.grpc.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as silent:
            silent.settimeout(60)  # k_handshake_ms; gRPC's own is 120 s
            while silent.recv(4096):
                pass
        self.assertEqual(server.rpc("Describe", socket=False).status, 0)

    def test_operators_methods_are_for_operators_only(self):
        world = self.world()
        server = self.server(world, "--grpc", "127.0.0.1:0", "--operator", "root@example.org")
        boss, other = world.key(), world.key()
        chains = {}
        for user, key in (("root@example.org", boss), ("alice@example.org", other)):
            der = server.enrol(user, world.csr(key), server.invite(user))
            self.assertEqual(der.status, 200)
            path, _ = world.certificate(der.body)
            pem = world.path(".pem")
            pem.write_bytes(run("openssl", "x509", "-inform", "DER", "-in", path).stdout +
                            (world.authority / "issuing.crt").read_bytes())
            chains[user] = pem
        self.assertEqual(server.rpc("List", socket=False).status, 7)
        self.assertEqual(server.rpc("List", socket=False, certificate=chains["alice@example.org"], key=other).status, 7)
        self.assertEqual(server.rpc("Statistics", socket=False).status, 7)
        allowed = server.rpc("List", socket=False, certificate=chains["root@example.org"], key=boss)
        self.assertEqual(allowed.status, 0, allowed)
        self.assertEqual(server.measures()["operator_denied"], 3)
        # Revoked, it is no operator any more.
        self.assertEqual(server.rpc("Revoke", 'user: "root@example.org"').status, 0)
        self.assertEqual(server.rpc("List", socket=False, certificate=chains["root@example.org"], key=boss).status, 7)
        self.renewal(world, server, chains["alice@example.org"], other)

    def renewal(self, world, server, chain, key):
        message = "csr: " + octets(world.csr(key).read_bytes())
        self.assertEqual(server.rpc("Renew", message, socket=False).status, 16)
        renewed = server.rpc("Renew", message, socket=False, certificate=chain, key=key)
        self.assertEqual(renewed.status, 0, renewed)
        nodes = run("openssl", "x509", "-in", chain, "-noout", "-ext", "subjectAltName").stdout.decode()
        self.assertIn(renewed.field("nodes"), nodes.lower())


if __name__ == "__main__":
    unittest.main()
