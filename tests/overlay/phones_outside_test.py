#!/usr/bin/env python3
"""Users of another SIP domain are called where DNS says, unless they are on the overlay, too: then the policy of the
caller's peer decides. The other domain's server and the phone on the overlay are SIPps, DNS is NSD."""
import unittest

from support import OverlayTestCase, note
from phones.name_server import NameServer
from phones.peers import add_user, aor, phone_overlay
from phones.sipp import Sipp, register

DOMAIN = "elsewhere.example"


class PhonesOutsideTest(OverlayTestCase):
    def test_whose_answer_counts(self):
        # Shows: SIP-13, SIP-26, FM-41.
        server, phone = Sipp("uas"), Sipp("uas")
        records = [f"_sip._udp SRV 0 0 {server.port} host", "host A 127.0.0.1"]
        with phone_overlay(3) as overlay, NameServer(DOMAIN, records) as dns, server:
            overlay_first, dns_first, home = overlay.peers
            carol = add_user(overlay, home, "carol", DOMAIN)
            for peer, policy in ((overlay_first, "overlay-first"), (dns_first, "dns-first")):
                peer.options += ["--sip-call-outside", "--sip-dns", dns.address, "--sip-outside-lookup", policy]
            overlay.start()
            self.converge(overlay, 60)
            for peer in (overlay_first, dns_first):
                self.call(peer, carol)
            self.has_answered(server, 2)
            register(home.phone_proxy(), carol, f"sip:carol@{phone.address}", port=phone.port)
            with phone:
                self.call(overlay_first, carol)
                self.has_answered(phone, 1)
                self.call(dns_first, carol)
                self.has_answered(server, 3)
                # A peer that calls nobody outside knows those of the overlay only.
                self.call(home, carol)
                self.has_answered(phone, 2)
                self.call(home, f"sip:dave@{DOMAIN}", failed=1)
                self.assertEqual(server.statistics()["calls"], 3)

    def call(self, peer, to, failed=0):
        keys = {"to": to, "from": aor(peer)}
        with Sipp("call.xml", "-m", 1, "-d", 300, to=peer.phone_proxy(), keys=keys) as caller:
            counts = caller.wait(60)
            note(f"{to} from {peer}: {counts}")
            self.assertEqual(counts["failed"], failed)

    def has_answered(self, server, calls):
        self.eventually(lambda: server.statistics()["successful"] == calls, 10)


if __name__ == "__main__":
    unittest.main()
