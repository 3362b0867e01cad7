#!/usr/bin/env python3
"""Calls whose caller wants to stay unknown go by way of an intermediate peer. Neither the phone that is called nor its peer
learns the caller's name or where its phone is, whoever hangs up."""
import re
import unittest

from support import note
from baresip import Baresip
from local_overlay import free_ports
from phones.calls import CallsTestCase
from phones.peers import aor, phone_overlay
from phones.sipp import Sipp, register

PEERS = 6
CALLER, CALLEE, HIDING = 0, 1, 2  # all calls of phones at HIDING are anonymous
TALK_S = 3
CALLER_HZ, CALLEE_HZ = 440, 800


class PhonesPrivacyTest(CallsTestCase):
    def test_anonymous_calls(self):
        # Shows: SIP-24, FM-42.
        with phone_overlay(PEERS) as overlay:
            caller, hiding, callee = (overlay.peers[index] for index in (CALLER, HIDING, CALLEE))
            hiding.options += ["--sip-through-intermediate"]
            overlay.start()
            self.converge(overlay, 60)
            with Baresip("callee", CALLEE_HZ) as called:
                called.register(aor(callee), callee.phone_proxy("tcp") + ";transport=tcp")
                self.with_privacy(caller, callee, called)
                self.of_a_hiding_peer(hiding, callee, called)
            log = callee.json("call-log")["calls"]
            note(f"in the callee's log: {[call['other'] for call in log]}")
            self.assertEqual({call["other"] for call in log}, {"sip:anonymous@anonymous.invalid"})
            self.assertEqual([call["status"] for call in log], [200] * len(log))
            names = [peer.user.split("@", 1)[0] for peer in (caller, hiding)]
            told = [line for line in callee.log.read_text(errors="replace").splitlines()
                    if any(name in line for name in names)]
            self.assertEqual(told, [])

    def with_privacy(self, caller, callee, called):
        """Privacy: id, from a phone which keeps the Route of its dialog and is hung up, and from one which does not and
        hangs up."""
        port = free_ports(1)[0]
        contact = f"sip:caller@127.0.0.1:{port}"
        for scenario in ("anonymous.xml", "anonymous_without_route.xml"):
            register(caller.phone_proxy(), aor(caller), contact, port=port)
            keys = {"to": aor(callee), "from": aor(caller)}
            with Sipp(scenario, "-m", 1, to=caller.phone_proxy(), keys=keys, port=port) as calling:
                called.answer()
                called.wait_in_call()
                if scenario == "anonymous.xml":
                    called.hang_up()
                called.wait_ended()
                counts = calling.wait(40)
                note(f"{scenario}: {counts}")
                self.assertEqual((counts["successful"], counts["failed"]), (1, 0))
                ok = next(each for each in calling.received() if each.startswith("SIP/2.0 200"))
                self.assertIn(caller.user, ok, "its own phone knows itself")
            self.says_nothing(called, caller, [f"127.0.0.1:{port}", "Tell-Tale"])

    def of_a_hiding_peer(self, hiding, callee, called):
        with Baresip("hiding", CALLER_HZ) as calling:
            calling.register(aor(hiding), hiding.phone_proxy("udp"))
            self.talk(calling, called, aor(callee), TALK_S)
            calling.call(aor(callee))
            called.answer()
            calling.wait_in_call()
            called.wait_in_call()
            called.hang_up()
            called.wait_ended()
            calling.wait_ended()
            name = hiding.user.split("@", 1)[0]
            at = set(re.findall(rf"Contact: <sip:{name}[^>@]*@([^>;]+)", "\n".join(calling.log_lines())))
            self.assertTrue(at)
            self.says_nothing(called, hiding, at)

    def says_nothing(self, called, caller, addresses):
        """The callee's phone has written down all that it has got and sent. Left out is what baresip says of itself for
        its sound, which is not hidden (docs/phones.md): in RTCP it tells its address as well."""
        lines = [line for line in called.log_lines() if not line.startswith("a=ssrc:")]
        self.assertTrue(any("anonymous.invalid" in line for line in lines))
        for told in (caller.user.split("@", 1)[0], caller.phone_proxy("udp"), caller.phone_proxy("tcp"), *addresses):
            found = [line for line in lines if told in line]
            self.assertEqual(found, [], f"{told} of {caller}")
        note(f"the phone that was called has seen nothing of {caller}")


if __name__ == "__main__":
    unittest.main()
