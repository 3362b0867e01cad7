#!/usr/bin/env python3
"""RFC 4475's messages, sent by UDP to a peer that serves phones: those that the RFC wants refused are refused with its
status, and a phone beside them is served as before. What the parser says to each is in tests/sip-usage/torture."""
import contextlib
import re
import select
import socket
import unittest
from pathlib import Path

from support import OverlayTestCase, note
from phones.peers import aor, phone_overlay
from phones.sipp import register

MESSAGES = Path(__file__).resolve().parents[1] / "sip-usage" / "torture"
# Answers go to the port of the topmost Via, which is 5060, or 5061 for TLS, where it says none (RFC 3261 §18.2.2): so at
# an address of our own.
SENDER, PORTS = "127.0.0.2", (5060, 5061)
QUIET_S = 0.3
REFUSED = {
    "badinv01": 400, "clerr": 400, "ncl": 400, "scalar02": 400, "quotbal": 400, "ltgtruri": 400, "lwsruri": 400,
    "lwsstart": 400, "trws": 400, "escruri": 400, "regbadct": 400, "badaspec": 400, "baddn": 400, "badvers": 505,
    "mismatch01": 400, "mismatch02": 501, "insuf": 400, "unkscm": 416, "novelsc": 416, "bext01": 420, "multi01": 400,
    "mcl01": 400, "zeromf": 483,
}
DROPPED = ("scalarlg", "bigcode", "test")


class PhonesTortureTest(OverlayTestCase):
    def test_each_message_gets_its_answer(self):
        # Shows: SIP-27.
        with phone_overlay(1) as overlay:
            overlay.start()
            self.converge(overlay, 60)
            peer = overlay.peers[0]
            host, port = peer.phone_proxy().rsplit(":", 1)
            got = {}
            with contextlib.ExitStack() as stack:
                phones = [stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in PORTS]
                for phone, at in zip(phones, PORTS):
                    phone.bind((SENDER, at))
                for file in sorted(MESSAGES.glob("*.dat")):
                    message = message_of(file)
                    phones[0].sendto(message, (host, int(port)))
                    got[file.stem] = self.answers(phones, transaction_of(message))
            for name, answers in got.items():
                note(f"{name}: expected {REFUSED.get(name, 'no refusal for its form')}, got {answers or 'nothing'}")
            self.assertEqual(len(got), 50)
            self.assertEqual({name: got[name][-1:] for name in REFUSED}, {name: [REFUSED[name]] for name in REFUSED})
            for name in DROPPED:
                self.assertEqual(got[name], [], name)
            others = {status for name in got.keys() - REFUSED.keys() for status in got[name]}
            self.assertFalse(others & set(REFUSED.values()), "what is well formed is not refused for its form")
            register(peer.phone_proxy(), aor(peer), "sip:phone@127.0.0.1:30001")

    def answers(self, phones, transaction):
        """Statuses of what is answered to the transaction, until nothing has come for a while: answers to INVITEs come
        again and again."""
        statuses = []
        while ready := select.select(phones, [], [], QUIET_S)[0]:
            for phone in ready:
                answer = phone.recv(65536)
                status = re.match(rb"SIP/2\.0 (\d{3}) ", answer)
                if status and transaction_of(answer) == transaction:
                    statuses.append(int(status[1]))
        return statuses


def message_of(file):
    """With a branch of its own: many have the same one, so that they would be taken for one request sent again."""
    octets = re.sub(rb"(branch\s*=\s*z9hG4bK)(?=\w)", rb"\1" + file.stem.encode(), file.read_bytes(), count=1, flags=re.I)
    # The archive has lost the empty line of this one, which the RFC's text has.
    return octets + (b"\r\n" if file.stem == "baddn" else b"")


def transaction_of(message):
    """What an answer copies from the request; some have no branch, some no Call-ID."""
    parts = [re.search(pattern, message, flags=re.I | re.M) for pattern in
             (rb"branch\s*=\s*([^;,\s]+)", rb"^(?:call-id|i)\s*:\s*(\S+)")]
    return [part and part[1] for part in parts]


if __name__ == "__main__":
    unittest.main()
