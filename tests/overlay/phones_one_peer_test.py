#!/usr/bin/env python3
"""Two baresip phones of two users at one peer: calls over each pair of transports, calls
that come to nothing, calls after a restart, new passwords."""
import signal
import time
import unittest

from support import note
from local_overlay import OverlayError, free_ports
from baresip import Baresip
from phones.calls import CallsTestCase
from phones.peers import add_user, aor, make_certificate, phone_overlay, write_passwords

TALK_S = 2
CALLER_HZ, CALLEE_HZ = 440, 800
TRANSPORTS = (("udp", "udp"), ("udp", "tcp"), ("tcp", "udp"), ("tls", "tcp"), ("udp", "tls"))


class PhonesOnePeerTest(CallsTestCase):
    def test_two_phones_at_one_peer(self):
        # Shows: SIP-27.
        with phone_overlay(1) as overlay:
            peer = overlay.peers[0]
            caller, callee = add_user(overlay, peer, "ann"), aor(peer)
            certificate, key, _ = make_certificate(peer.folder)
            peer.options += ["--sip-listen", "tls:127.0.0.1:0", "--sip-cert", certificate, "--sip-key", key]
            overlay.start()
            self.converge(overlay, 60)
            for from_, to in TRANSPORTS:
                with Baresip("caller", CALLER_HZ, authority=certificate) as calling, \
                        Baresip("callee", CALLEE_HZ, authority=certificate) as called:
                    calling.register(caller, f"{peer.phone_proxy(from_)};transport={from_}")
                    self.nobody_is_there(calling, callee, "480")
                    called.register(callee, f"{peer.phone_proxy(to)};transport={to}")
                    self.talk(calling, called, callee, TALK_S)
                    self.give_up(calling, called, callee)
                    self.decline(calling, called, callee)
                    self.nobody_is_there(calling, callee.replace("sip:", "sip:nobody-"), "404")
                    # Leaving is told, so that the next phones are the only ones.
                    called.unregister()
                    self.nobody_is_there(calling, callee, "480")
                    calling.unregister()
                note(f"calls from {from_} to {to}")

    def test_a_call_outlives_its_peer(self):
        with phone_overlay(1) as overlay:
            peer = overlay.peers[0]
            caller, callee = add_user(overlay, peer, "ann"), aor(peer)
            # Phones look for it where it was.
            proxy = f"127.0.0.1:{free_ports(1)[0]}"
            overlay.options = ["--sip-listen", f"udp:{proxy}", "--sip-trust-loopback"]
            overlay.start()
            self.converge(overlay, 60)
            with Baresip("caller", CALLER_HZ) as calling, Baresip("callee", CALLEE_HZ) as called:
                calling.register(caller, proxy)
                called.register(callee, proxy)
                calling.call(callee)
                called.answer()
                calling.wait_in_call()
                called.wait_in_call()
                peer.kill()
                peer.start()
                self.converge(overlay, 60)
                note("the peer is back")
                # The way is in the call's Route header fields.
                calling.hang_up()
                calling.wait_ended()
                called.wait_ended()
                log = peer.json("call-log")["calls"]
                self.assertEqual([(call["status"], call["end_unknown"]) for call in log], [(200, True)])
                # It has not registered since: the peer has kept where it is.
                self.talk(calling, called, callee, TALK_S)

    def test_passwords_are_read_again(self):
        with phone_overlay(1, trusts_loopback=False) as overlay:
            peer = overlay.peers[0]
            name = peer.user.split("@")[0]
            passwords = write_passwords(peer.folder / "passwords", overlay.name, {name: "first"})
            peer.options += ["--sip-passwords", passwords]
            overlay.start()
            self.converge(overlay, 60)
            self.register(peer, name, "first")
            write_passwords(passwords, overlay.name, {name: "second"})
            self.hang_up(peer, "were read again")
            self.register(peer, name, "second")
            passwords.write_text("nonsense\n")
            self.hang_up(peer, "stay as they were")
            self.register(peer, name, "second")
            # The last thing: a phone tries so often that its address has to wait then.
            with self.assertRaises(OverlayError):
                self.register(peer, name, "first")

    def register(self, peer, name, password):
        with Baresip("phone", CALLER_HZ) as phone:
            phone.register(aor(peer), peer.phone_proxy(), user=name, password=password, timeout_s=10)

    def hang_up(self, peer, answer):
        peer.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 10
        while not any(answer in line for line in peer.log_tail()):
            self.assertLess(time.monotonic(), end, f"no line '{answer}' in the log")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
