#!/usr/bin/env python3
"""A gateway peer, whose trunk is a SIPp, and who may call through it, at that peer and at others; and a redirect peer, which says where a user's phone
is and lets the caller's phone call there."""
import re
import unittest

from support import OverlayTestCase, note
from phones.peers import add_user, aor, phone_overlay
from phones.sipp import Sipp, register

NUMBER = "+43123456"
DOMAIN = "provider.example"


class PhonesTrunkTest(OverlayTestCase):
    def test_calls_go_out_by_the_trunk(self):
        # Shows: SIP-27.
        with phone_overlay(4) as overlay, Sipp("uas") as trunk:
            gateway, allowed, refused, without = overlay.peers
            stranger = add_user(overlay, gateway, "eve")
            gateway.options += ["--sip-trunk", f"udp:{trunk.address}", "--sip-trunk-domain", DOMAIN,
                                "--sip-trunk-for", DOMAIN, "--sip-trunk-caller", f"{gateway.user},{allowed.user}"]
            overlay.start([gateway])
            self.converge(overlay, 60)
            for peer in (allowed, refused):
                peer.options += ["--sip-gateway", gateway.node]
            overlay.start(overlay.peers[1:])
            self.converge(overlay, 60)
            places = (f"tel:{NUMBER}", f"sip:{NUMBER}@{overlay.name};user=phone", f"sip:sales@{DOMAIN}")
            for peer in (gateway, allowed):
                for to in places:
                    self.assertEqual(self.call(peer, aor(peer), to), 200, f"{to} from {peer}")
            asked = [message.split(" ", 2)[1] for message in trunk.received() if message.startswith("INVITE ")]
            note(f"the trunk was asked for {asked}")
            number = f"sip:{NUMBER}@{DOMAIN};user=phone"
            self.assertEqual(asked, 2 * [number, number, places[2]])
            # Who may not, here and elsewhere; who says nothing; who has no trunk; what is to be secured, by UDP.
            seen = []
            for peer, from_, to in ((gateway, stranger, places[0]),
                                    (refused, aor(refused), places[0]),
                                    (gateway, "sip:anonymous@anonymous.invalid", places[0]),
                                    (without, aor(without), places[0]),
                                    (gateway, aor(gateway), f"sips:sales@{DOMAIN}")):
                seen.append(self.call(peer, from_, to))
                note(f"{from_} at {peer}: {seen[-1]}")
            self.assertEqual(seen, [403, 403, 407, 404, 480])
            self.eventually(lambda: trunk.statistics()["successful"] == 6, 10)
            self.assertEqual(trunk.statistics()["calls"], 6)

    def test_a_redirect_peer(self):
        # Shows: SIP-27.
        with phone_overlay(3) as overlay:
            redirecting, other = overlay.peers[:2]
            redirecting.options += ["--sip-redirect"]
            overlay.start()
            self.converge(overlay, 60)
            user = other.user.split("@", 1)[0]
            phone = Sipp("uas")
            register(other.phone_proxy(), aor(other), f"sip:{user}@{phone.address}", port=phone.port)
            with phone:
                with self.calling(redirecting, aor(redirecting), aor(other)) as caller:
                    caller.wait(30)
                    moved = self.answers(caller)[-1]
                self.assertTrue(moved.startswith("SIP/2.0 302 "), moved)
                self.assertEqual(phone.statistics()["calls"], 0)
                device = re.search(r"^Contact: <(sip:[^>]+)>", moved, flags=re.M)[1]
                note(f"{aor(other)} is at {device}")
                self.assertRegex(device, f"^{re.escape(aor(other))};gr=")
                # By the same peer, which has said that: the call goes there now.
                self.assertEqual(self.call(redirecting, aor(redirecting), device), 200)
                self.eventually(lambda: phone.statistics()["successful"] == 1, 10)

    def calling(self, peer, from_, to):
        return Sipp("call.xml", "-m", 1, "-d", 300, to=peer.phone_proxy(), keys={"to": to, "from": from_})

    def call(self, peer, from_, to):
        """The final status of an INVITE."""
        with self.calling(peer, from_, to) as caller:
            caller.wait(60)
            answers = [int(re.match(r"SIP/2\.0 (\d+)", answer)[1]) for answer in self.answers(caller)]
            return next(status for status in answers if status >= 200)

    def answers(self, caller):
        return [message for message in caller.received() if message.startswith("SIP/2.0 ")]


if __name__ == "__main__":
    unittest.main()
