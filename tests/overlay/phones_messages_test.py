#!/usr/bin/env python3
"""Messages to a user who is not there: each is shown once, by whichever of the user's peers a phone registers at first; to
a user who is there they go at once."""
import collections
import itertools
import threading
import time
import unittest

from support import OverlayTestCase, note
from phones.peers import aor, phone_overlay
from phones.text_phone import TextPhone

PEERS = 8
SENDER, HOME, AWAY, OTHER_SENDER = 0, 1, 2, 3  # HOME and AWAY are peers of one user
KEPT_S = 60  # the certificates of a new overlay are found by then
DELIVERED_S = 30
CHANGES = 3  # of which a peer takes 8 at once: one in 5 s is written to the overlay
QUIET_S = 12  # a peer looks again 5 s after it has looked, when a phone registers
CLAIM_S = 120  # for so long nobody else delivers when the peer that delivers has died


class PhonesMessagesTest(OverlayTestCase):
    def test_an_absent_user(self):
        # Shows: SIP-27.
        with phone_overlay(PEERS, devices=[(HOME, AWAY)]) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            home, away = overlay.peers[HOME], overlay.peers[AWAY]
            with self.phone(overlay, SENDER) as alice, self.phone(overlay, OTHER_SENDER) as dave:
                self.both_can_open(alice, home, away)
                self.both_of_them(alice, dave, home, away)
                self.a_phone_that_is_busy(alice, home)
                self.at_once(alice, home)
                self.while_it_comes_and_goes(alice, away)
            self.programs(overlay.peers[SENDER], home)

    def both_of_them(self, alice, dave, home, away):
        """Two senders, two devices that register at the same time."""
        kept = [text for _ in range(5) for text in (self.keep(alice, home), self.keep(dave, home))]
        note(f"{len(kept)} messages are kept")
        with TextPhone(aor(home), home.phone_proxy()) as first, TextPhone(aor(away), away.phone_proxy()) as second:
            phones = (first, second)
            for phone in phones:
                phone.register()
            self.all_are_shown(kept, *phones)
            note(f"all are shown, {len(first.shown())} here and {len(second.shown())} there")
            for phone in phones:
                phone.register()
            time.sleep(QUIET_S)
            self.check(kept, *phones)
            for phone in phones:
                phone.register(expires_s=0)
        note("and none a second time")

    def a_phone_that_is_busy(self, alice, home):
        """What it does not take now comes when it registers again, and nothing is left out."""
        kept = [self.keep(alice, home) for _ in range(3)]
        answers = itertools.chain([200, 486], itertools.repeat(200))
        with TextPhone(aor(home), home.phone_proxy(), lambda _: next(answers)) as phone:
            phone.register()
            self.assertTrue(phone.wait_for(lambda came: len(came) >= 2, DELIVERED_S))
            self.assertEqual(len(phone.shown()), 1)
            phone.register()
            self.all_are_shown(kept, phone)
            self.check(kept, phone)
            phone.register(expires_s=0)
        note("a phone that was busy is shown the rest later")

    def at_once(self, alice, home):
        with TextPhone(aor(home), home.phone_proxy()) as phone:
            phone.register()
            began = time.monotonic()
            self.assertEqual(alice.send(aor(home), "at once"), 200)
            note(f"at once: {time.monotonic() - began:.2f} s")
            self.assertEqual(texts(phone), ["at once"])
            phone.register(expires_s=0)

    def while_it_comes_and_goes(self, alice, away):
        """What is sent at the moment at which a phone comes or goes is taken at once or kept, and is not lost either way."""
        is_here, is_over = threading.Event(), threading.Event()
        accepted, statuses = [], collections.Counter()

        def send():
            while not is_over.is_set():
                text = f"message {next(self.numbers)} of {alice.aor}"
                status = alice.send(aor(away), text)
                statuses[status] += 1
                (accepted.append if status in (200, 202) else self.doubtful.add)(text)
                time.sleep(0.1)

        sending = threading.Thread(target=send)
        with TextPhone(aor(away), away.phone_proxy(), lambda _: 200 if is_here.is_set() else 480) as phone:
            sending.start()
            try:
                for _ in range(CHANGES):
                    is_here.set()
                    phone.register()
                    time.sleep(0.6)
                    is_here.clear()
                    phone.register(expires_s=0)
                    time.sleep(0.6)
            finally:
                is_over.set()
                sending.join()
            note(f"sent while it came and went: {dict(statuses)}")
            is_here.set()
            phone.register()
            self.all_are_shown(accepted, phone)
            time.sleep(QUIET_S)
            self.check(accepted, phone, is_in_order=False)  # what was kept comes after what was taken at once
            phone.register(expires_s=0)
        note("nothing is lost or doubled")

    def programs(self, sender, home):
        """Without a phone: sent, looked at and taken away by the command line."""
        for text in ("first", "second"):
            self.assertEqual(sender.json("message", home.user, text)["outcome"], "kept")
        waiting = home.json("mailbox")["messages"]
        self.assertEqual([(each["sender"], each["value"]) for each in waiting],
                         [(sender.user, "first"), (sender.user, "second")])
        self.assertEqual(home.json("mailbox", "--limit", 1, "--take-away")["taken_away"], 1)
        with TextPhone(aor(home), home.phone_proxy()) as phone:
            phone.register()
            self.eventually(lambda: "second" in texts(phone), DELIVERED_S)
            self.assertEqual(sender.json("message", home.user, "third")["outcome"], "delivered")
            self.assertEqual(texts(phone), ["second", "third"])
            phone.register(expires_s=0)
        self.assertEqual(home.json("mailbox")["messages"], [])
        note("programs send, look and take away")

    def test_the_peer_that_delivers_dies(self):
        # Shows: SIP-27.
        with phone_overlay(PEERS, devices=[(HOME, AWAY)]) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            home, away = overlay.peers[HOME], overlay.peers[AWAY]
            with self.phone(overlay, SENDER) as alice:
                self.both_can_open(alice, home, away)
                kept = [self.keep(alice, home) for _ in range(4)]
            calls = []

            def answer(message):
                calls.append(message["Call-ID"])
                if len(calls) == 3:
                    home.kill()
                return 200

            with TextPhone(aor(home), home.phone_proxy(), answer) as first:
                first.register()
                self.assertTrue(first.wait_for(lambda came: len(came) >= 3, DELIVERED_S))
                note("the peer is killed with the third message at the phone")
                with TextPhone(aor(away), away.phone_proxy()) as second:
                    second.register()
                    self.eventually(lambda: kept[-1] in texts(second), CLAIM_S + DELIVERED_S + QUIET_S)
                    # Nothing said that the third was taken: it is shown once more, and can be known by its Call-ID.
                    self.assertEqual(texts(first), kept[:3])
                    self.assertEqual(texts(second), kept[2:])
                    self.assertEqual(second.shown()[0].call_id, calls[2])
                    note(f"the other peer goes on: {texts(second)}")

    def both_can_open(self, alice, home, away):
        """A message is closed for the devices whose certificates are found: until then one of them waits for the other."""
        devices = (home, away)
        end = time.monotonic() + KEPT_S
        while True:
            text = self.keep(alice, home)
            waiting = [peer.json("mailbox", "--limit", 100)["messages"] for peer in devices]
            if all(text in [each["value"] for each in messages] for messages in waiting):
                break
            self.assertLess(time.monotonic(), end, waiting)
            time.sleep(1)
        for peer in devices:
            peer.json("mailbox", "--limit", 100, "--take-away")
        self.assertEqual([peer.json("mailbox")["waiting"] for peer in devices], [0, 0])

    def setUp(self):
        self.doubtful = set()  # of which nobody knows whether they are kept
        self.numbers = itertools.count(1)

    def phone(self, overlay, index):
        peer = overlay.peers[index]
        return TextPhone(aor(peer), peer.phone_proxy())

    def keep(self, phone, to):
        """Sends until 202 comes; a message that got anything else may yet be there."""
        end = time.monotonic() + KEPT_S
        while True:
            text = f"message {next(self.numbers)} of {phone.aor}"
            status = phone.send(aor(to), text)
            if status == 202:
                return text
            note(f"{text}: {status}")
            self.doubtful.add(text)
            self.assertLess(time.monotonic(), end, f"the last answer was {status}")
            time.sleep(1)

    def all_are_shown(self, kept, *phones):
        end = time.monotonic() + DELIVERED_S
        while not set(kept) <= set(texts(*phones)):
            self.assertLess(time.monotonic(), end, f"{kept}, and shown are {[texts(phone) for phone in phones]}")
            time.sleep(0.1)

    def check(self, kept, *phones, is_in_order=True):
        """All that were kept, in the order in which each sender has sent them, none twice."""
        got = texts(*phones)
        self.assertEqual(len(set(got)), len(got), got)
        certain = [text for text in got if text not in self.doubtful]
        self.assertEqual(sorted(certain), sorted(kept))
        for phone in phones if is_in_order else ():
            for sender in {text.rsplit(" ", 1)[1] for text in certain}:
                of_sender = [text for text in texts(phone) if text.endswith(sender) and text in kept]
                self.assertEqual(of_sender, [text for text in kept if text in of_sender])


def texts(*phones):
    return [shown.text for phone in phones for shown in phone.shown()]


if __name__ == "__main__":
    unittest.main()
