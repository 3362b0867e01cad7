#!/usr/bin/env python3
"""Two baresip phones of two users at one peer: calls over each pair of transports, and calls that come to nothing."""
import time
import unittest

from support import OverlayTestCase, note
from baresip import Baresip
from phones.peers import add_user, aor, make_certificate, phone_overlay

TALK_S = 2
CALLER_HZ, CALLEE_HZ = 440, 800
TRANSPORTS = (("udp", "udp"), ("udp", "tcp"), ("tcp", "udp"), ("tls", "tcp"), ("udp", "tls"))


class PhonesOnePeerTest(OverlayTestCase):
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
                    self.talk(calling, called, callee)
                    self.give_up(calling, called, callee)
                    self.decline(calling, called, callee)
                    self.nobody_is_there(calling, callee.replace("sip:", "sip:nobody-"), "404")
                    # Leaving is told, so that the next phones are the only ones.
                    called.unregister()
                    self.nobody_is_there(calling, callee, "480")
                    calling.unregister()
                note(f"calls from {from_} to {to}")

    def talk(self, calling, called, address):
        calling.call(address)
        called.answer()
        calling.wait_in_call()
        called.wait_in_call()
        time.sleep(TALK_S)
        called.hang_up()
        calling.wait_ended()
        called.wait_ended()
        self.assertGreater(calling.heard_tone_s(CALLEE_HZ), 0.9 * TALK_S - 0.5)
        self.assertGreater(called.heard_tone_s(CALLER_HZ), 0.9 * TALK_S - 0.5)

    def give_up(self, calling, called, address):
        calling.call(address)
        called.wait_for("CALL_INCOMING")
        calling.wait_for("CALL_RINGING")
        calling.hang_up()
        calling.wait_ended()
        called.wait_ended()

    def decline(self, calling, called, address):
        calling.call(address)
        called.wait_for("CALL_INCOMING")
        called.hang_up()
        self.assertRegex(calling.wait_ended()["param"], "^(486|603) ")
        called.wait_ended()

    def nobody_is_there(self, calling, address, status):
        calling.call(address)
        self.assertRegex(calling.wait_ended()["param"], f"^{status} ")


if __name__ == "__main__":
    unittest.main()
