#!/usr/bin/env python3
"""The least that shows all the parts at work: four peers, one crash, one leave. Short enough for builds with
sanitizers."""
import json
import os
import signal
import stat
import subprocess
import unittest

from support import PROGRAMS, OverlayTestCase, note
from local_overlay import free_ports

VALUES = 60


class SmallOverlayTest(OverlayTestCase):
    def test_four_peers(self):
        with self.overlay(4) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            alice, bob = overlay.peers[:2]
            self.put_values(overlay.peers, VALUES)
            self.find_values(overlay.peers, VALUES, 30)

            generation = alice.json("put", f"{alice.user}/card", "call me")["generation"]
            self.assertEqual(bob.ringway("get", f"{alice.user}/card")[1], "call me")
            self.assertEqual(bob.ringway("put", f"{alice.user}/card", "forged")[0], 5)
            self.assertEqual(alice.ringway("put", f"{alice.user}/card", "new", "-g", generation + 7)[0], 5)
            self.assertEqual(alice.ringway("rm", f"{alice.user}/card", "-g", generation)[0], 0)
            self.assertEqual(bob.ringway("get", f"{alice.user}/card")[0], 3)

            overlay.peers[2].kill()
            note("one is dead")
            self.find_values(overlay.running(), VALUES, 30)
            overlay.peers[2].start()
            self.converge(overlay, 60)
            self.assertEqual(overlay.peers[3].stop(), 0)
            note("one has left")
            self.find_values(overlay.running(), VALUES, 30)
            for peer in overlay.running():
                self.assertEqual(peer.stop(), 0)

    def test_three_peers_in_one_process(self):
        with self.overlay(3) as overlay:
            credentials = overlay.folder / "credentials"
            credentials.mkdir()
            for index, peer in enumerate(overlay.peers):
                (peer.folder / "credentials").rename(credentials / str(index))
            ready = overlay.folder / "ready.json"
            log = open(overlay.folder / "log", "wb")
            settings = overlay.folder / "ringwayd.toml"
            settings.write_text(f'credentials = "{credentials}"\npeers = 3\nfirst-peer = true\n'
                                'listen = "127.0.0.1:0"\nlog-format = "json"\napi-listen = "127.0.0.1:0"\n')
            # Settings by file, environment and flag together.
            process = subprocess.Popen(
                [f"{PROGRAMS}/ringwayd", "--config", str(settings), "--data", str(overlay.folder / "data"),
                 "--api-insecure"],
                env={**os.environ, "RINGWAY_READY_FILE": str(ready), "RINGWAY_LOG_FORMAT": "text"},
                stdout=log, stderr=log)
            try:
                self.eventually(ready.exists, 60, process)
                peers = json.loads(ready.read_text())["peers"]
                self.assertEqual(len(peers), 3)
                sockets = [peer["api"][0].removeprefix("unix:") for peer in peers]
                for path in sockets:
                    self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
                self.assertEqual(self.ringway(peers[0]["api"][0], "put", "shared/a", "b"), (0, ""))
                # The last peer over TCP.
                self.assertEqual(self.ringway(peers[2]["api"][1], "get", "shared/a"), (0, "b"))
                process.send_signal(signal.SIGTERM)
                self.assertEqual(process.wait(30), 0)
                self.assertNotIn(b'{"time"', (overlay.folder / "log").read_bytes())
            finally:
                process.kill()
                process.wait()
                log.close()

    def ringway(self, api, *arguments):
        done = subprocess.run([f"{PROGRAMS}/ringway", "--api", api, *arguments], capture_output=True, text=True,
                              timeout=30, check=False)
        return done.returncode, "" if arguments[0] == "put" else done.stdout

    def test_settings_that_cannot_work_are_refused(self):
        with self.overlay(1) as overlay:
            peer = overlay.peers[0]
            good = peer.command()

            def code_of(command):
                done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
                return done.returncode, done.stderr

            def replaced(flag, value):
                command = list(good)
                command[command.index(flag) + 1] = value
                return command

            self.assertEqual(code_of([f"{PROGRAMS}/ringwayd"])[0], 2)
            for wrong in ([], ["fetch"], ["issue", "--bogus"]):
                self.assertEqual(code_of([f"{PROGRAMS}/ringway-enrolld", *wrong])[0], 2)
            self.assertEqual(code_of(replaced("--listen", "0.0.0.0:6084"))[0], 2)
            self.assertEqual(code_of(replaced("--credentials", str(overlay.folder)))[0], 2)
            self.assertEqual(code_of([*good, "--api-listen", "192.0.2.1:1", "--api-insecure"])[0], 2)
            self.assertEqual(code_of([*good, "--api-listen", "127.0.0.1:1"])[0], 2)
            self.assertEqual(code_of([*good, "--no-such-option"])[0], 2)

            certificate = peer.folder / "credentials/node.crt"  # holds no key
            code, err = code_of([*good, "--api-listen", "127.0.0.1:0", "--api-cert", str(certificate), "--api-key",
                                 str(certificate), "--api-client-ca", str(overlay.folder / "authority/root.crt")])
            self.assertEqual(code, 2, err)
            self.assertIn("--api-key", err)
            self.assertFalse((peer.folder / "data").exists())  # nothing has started

            document = peer.folder / "credentials" / "overlay.xml"
            signed = document.read_text()
            document.write_text(signed.replace("<max-message-size>", "<max-message-size>1", 1))
            code, err = code_of(good)
            self.assertEqual(code, 2)
            self.assertIn("signature", err)

            document.write_text(signed)
            peer.start()
            self.converge(overlay, 30)
            other = replaced("--data", str(overlay.folder / "other"))
            code, err = code_of(other)  # the same address
            self.assertEqual(code, 1, err)
            code, err = code_of(replaced("--listen", f"127.0.0.1:{free_ports(1)[0]}"))  # the same store
            self.assertEqual(code, 1, err)
            self.assertEqual(peer.stop(), 0)


if __name__ == "__main__":
    unittest.main()
