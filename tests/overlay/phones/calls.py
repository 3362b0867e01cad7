"""Calls between two baresip phones, and calls that come to nothing."""
import time

from support import OverlayTestCase, note


class CallsTestCase(OverlayTestCase):
    def talk(self, calling, called, address, talk_s, in_the_middle=None):
        """A call that is answered; each must hear the other, almost all the time, whatever is done in the middle."""
        started = time.monotonic()
        calling.call(address)
        called.answer()
        calling.wait_in_call()
        called.wait_in_call()
        note(f"in a call after {time.monotonic() - started:.2f} s")
        time.sleep(talk_s / 2)
        if in_the_middle is not None:
            in_the_middle()
        time.sleep(talk_s / 2)
        calling.hang_up()
        calling.wait_ended()
        called.wait_ended()
        for hears, speaks in ((calling, called), (called, calling)):
            heard_s = hears.heard_tone_s(speaks.tone_hz)
            note(f"baresip {hears.name} heard the other for {heard_s:.1f} s")
            self.assertGreater(heard_s, 0.9 * talk_s - 0.5)
            self.assertEqual(hears.heard_tone_s(hears.tone_hz), 0)

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
        self.assertRegex(calling.wait_ended()["param"], f"^({status}) ")
