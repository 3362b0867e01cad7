#!/usr/bin/env python3
"""Messages to a user who is not there: each is shown once, by whichever of the user's peers a phone registers at first; to
a user who is there they go at once."""
import time
import unittest

from support import OverlayTestCase, note
from local_overlay import OverlayError, free_ports
from phones.peers import aor, phone_overlay
from phones.sipp import Sipp, register

PEERS = 8
SENDER, HOME, AWAY = 0, 1, 2  # the last two are peers of one user
TEXTS = ["one", "two", "three"]
CERTIFICATES_S = 60  # until those of a new overlay are found
DELIVERED_S = 30
QUIET_S = 12  # a peer looks again 5 s after it has looked, when a phone registers


class PhonesMessagesTest(OverlayTestCase):
    def test_an_absent_user(self):
        # Shows: SIP-27.
        with phone_overlay(PEERS, devices=[(HOME, AWAY)]) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            sender, home, away = (overlay.peers[index] for index in (SENDER, HOME, AWAY))
            for text in TEXTS:
                self.assertEqual(self.send_until_kept(sender, home, text), 202)
            note(f"{len(TEXTS)} messages are kept")
            port = free_ports(1)[0]
            self.assertEqual(self.registered(home, port, lambda got: len(got) >= len(TEXTS), DELIVERED_S), TEXTS)
            note("each is shown once")
            self.assertEqual(self.registered(home, port, lambda got: got, QUIET_S), [])
            self.assertEqual(self.registered(away, free_ports(1)[0], lambda got: got, QUIET_S), [])
            note("nothing is shown twice")
            register(home.phone_proxy(), aor(home), f"sip:phone@127.0.0.1:{port}", port=port)
            with Sipp("take_messages.xml", port=port) as phone:
                began = time.monotonic()
                self.assertEqual(send(sender, home, "four"), 200)
                note(f"at once: {time.monotonic() - began:.2f} s")
                self.assertEqual(texts(phone), ["four"])

    def send_until_kept(self, sender, to, text):
        end = time.monotonic() + CERTIFICATES_S
        while True:
            try:
                return send(sender, to, text)
            except OverlayError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def registered(self, peer, port, is_enough, timeout_s):
        """What a phone is shown that registers there, until that is enough; then it is not there any more."""
        contact = f"sip:phone@127.0.0.1:{port}"
        register(peer.phone_proxy(), aor(peer), contact, port=port)
        with Sipp("take_messages.xml", port=port) as phone:
            end = time.monotonic() + timeout_s
            while not is_enough(texts(phone)) and time.monotonic() < end:
                time.sleep(0.2)
            time.sleep(1)  # for one too many
            got = texts(phone)
        register(peer.phone_proxy(), aor(peer), contact, expires_s=0, port=port)
        return got


def send(sender, to, text):
    with Sipp("message.xml", "-m", 1, to=sender.phone_proxy(),
              keys={"from": aor(sender), "to": aor(to), "text": text}) as sipp:
        statistics = sipp.wait(60)
        answers = [int(message.split()[1]) for message in sipp.received() if message.startswith("SIP/2.0 ")]
    if statistics["successful"] != 1:
        raise OverlayError(f"a MESSAGE got {answers}: {statistics}")
    return answers[-1]


def texts(phone):
    """The bodies of its MESSAGEs; one that is sent again is one."""
    bodies = {}
    for message in phone.received():
        if message.startswith("MESSAGE "):
            call = next(line for line in message.splitlines() if line.lower().startswith(("call-id:", "i:")))
            bodies[call] = message.strip().splitlines()[-1].strip()
    return list(bodies.values())


if __name__ == "__main__":
    unittest.main()
