#!/usr/bin/env python3
"""A page in a real browser registers over secure WebSocket, and calls and is called by a baresip phone at another peer;
the sound of both is heard."""
import tempfile
import time
import unittest

from support import OverlayTestCase, note
from baresip import Baresip
from phones.browser import BrowserPhone
from phones.peers import aor, make_certificate, phone_overlay, write_passwords

PEERS = 4
TALK_S = 4
PASSWORD = "one two three"  # a page is no phone of this machine, so it needs one


class PhonesBrowserTest(OverlayTestCase):
    def test_a_browser_and_a_phone(self):
        # Shows: SIP-16, SIP-20, SIP-27.
        with phone_overlay(PEERS) as overlay, tempfile.TemporaryDirectory(prefix="ringway-sip-") as folder:
            at_browser, at_phone = overlay.peers[:2]
            name = at_browser.user.split("@", 1)[0]
            certificate, key, key_hash = make_certificate(folder)
            passwords = write_passwords(at_browser.folder / "passwords", overlay.name, {name: PASSWORD})
            at_browser.options = ["--sip-listen", "wss:127.0.0.1:0", "--sip-cert", certificate, "--sip-key", key,
                                  "--sip-passwords", passwords]
            overlay.start()
            self.converge(overlay, 60)
            with BrowserPhone(key_hash) as page, Baresip("phone", 800, media_of_browsers=True) as phone:
                page.register(f"wss://{at_browser.phone_proxy('wss')}", aor(at_browser), name, PASSWORD)
                note("the page is registered")
                phone.register(aor(at_phone), at_phone.phone_proxy())
                self.page_calls(page, phone, aor(at_phone))
                self.phone_calls(page, phone, aor(at_browser))

    def page_calls(self, page, phone, address):
        page.call(address)
        phone.answer()
        page.wait_for("confirmed")
        phone.wait_in_call()
        self.talk(page)
        page.hang_up()
        phone.wait_ended()
        page.wait_for("ended local")

    def phone_calls(self, page, phone, address):
        phone.call(address)
        page.answer()
        phone.wait_in_call()
        page.wait_for("confirmed")
        self.talk(page)
        phone.hang_up()
        phone.wait_ended()
        page.wait_for("ended remote")

    def talk(self, page):
        time.sleep(TALK_S)
        counts = page.received()
        note(f"the page got {counts['packets']} packets of sound, energy {counts['energy']:.2f}")
        self.assertGreater(counts["packets"], TALK_S * 50 / 2)  # one in 20 ms
        self.assertGreater(counts["energy"], 0.01)  # no silence


if __name__ == "__main__":
    unittest.main()
