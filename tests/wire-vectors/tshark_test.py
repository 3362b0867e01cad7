#!/usr/bin/env python3
"""Shows the sample packets to tshark's RELOAD dissector and compares what it sees with what was encoded.

Usage: tshark_test.py <path of print_wire_vectors>

The dissector knows the syntax, not the meaning. What it is known to get wrong (Wireshark 4.0) is not asserted: the name
of the version, candidate priorities, dictionary keys in specifiers.
"""
# Shows: WIRE-36, WIRE-08, WIRE-09, WIRE-13, WIRE-14, WIRE-18, WIRE-19, WIRE-20, WIRE-22, WIRE-23, LINK-02, LINK-05,
# LINK-23, FWD-01.
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree
from pathlib import Path

# Private Kinds of known_kinds.hpp.
KINDS = {0xF0000001: "SINGLE", 0xF0000002: "ARRAY", 0xF0000003: "DICTIONARY"}
# The node of the tree that stands for a body, by message.
BODY_NODES = {
    "attach_req": "attachreqans", "attach_ans": "attachreqans", "app_attach_req": "appattachreq",
    "app_attach_ans": "appattachans", "update_req": "chordupdate", "join_req": "joinreq", "join_ans": "joinans",
    "leave_req": "leavereq", "route_query_req": "routequeryreq", "route_query_ans": "chordroutequeryans",
    "probe_req": "probereq", "probe_ans": "probeans", "ping_req": "pingreq", "ping_ans": "pingans",
    "error": "error_response", "config_update_req": "configupdatereq", "store_req": "storereq",
    "store_ans": "storeans", "fetch_req": "fetchreq", "fetch_ans": "fetchans", "stat_req": "statreq",
    "stat_ans": "statans", "find_req": "findreq", "find_ans": "findans"}
# Expert items that say the packet is broken, by the end of their field's name.
BROKEN = ("_ws.malformed", "reload.truncated_field", "reload.truncated_packet", "reload.computed_len_too_big",
          "reload.unknown_data_model", "reload.fragment.error", "reload.fragment.overlap.conflict")
# Where the dissector reads dictionary keys from a wrong offset, and says that they are too long.
FAULTY = ("fetch_req dictionary", "stat_req dictionary")


def run(command, **options):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        sys.exit(f"{command[0]} failed: {result.stderr.strip()}")
    return result.stdout


def dissect(packets):
    """Each packet as a list of (field name, shown value, raw value)."""
    with tempfile.TemporaryDirectory() as folder:
        dump, capture = Path(folder) / "packets.txt", Path(folder) / "packets.pcap"
        dump.write_text("".join(
            f"000000 {' '.join(p['hex'][i:i + 2] for i in range(0, len(p['hex']), 2))}\n" for p in packets),
            encoding="ascii")
        run(["text2pcap", "-q", "-u", "40000,6084", dump, capture])
        command = ["tshark", "-r", capture, "-T", "pdml"]
        for number, model in KINDS.items():
            command += ["-o", f'uat:reload_kindids:"{number}","PRIVATE-{model}","{model}"']
        tree = ElementTree.fromstring(run(command))
    return [[(f.get("name"), f.get("show", ""), f.get("value", "")) for f in packet.iter("field")] +
            [(p.get("name"), "", "") for p in packet.iter("proto")] for packet in tree.iter("packet")]


def canonical(value):
    """A number as a number, whatever its base; anything else without colons. Thirty-two digits are a Node-ID."""
    value = value.replace("True", "1").replace("False", "0")
    if len(value.replace(":", "")) != 32:
        try:
            return int(value, 0)
        except ValueError:
            pass
    return value.replace(":", "").lower()


class Dissection(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.samples = json.loads(run([cls.program]))
        cls.seen = dissect(cls.samples)

    def test_every_packet_is_seen(self):
        self.assertGreater(len(self.samples), 40)
        self.assertEqual(len(self.seen), len(self.samples))

    def test_nothing_is_broken(self):
        for sample, seen in zip(self.samples, self.seen):
            names = {name for name, _, _ in seen}
            known_fault = {"reload.computed_len_too_big"} if sample["name"] in FAULTY else set()
            self.assertEqual(names.intersection(BROKEN) - known_fault, set(), sample["name"])
            self.assertIn("reload-framing", names, sample["name"])
            if sample["name"] != "ack":
                self.assertIn("reload", names, sample["name"])

    def test_bodies(self):
        found = set()
        for sample, seen in zip(self.samples, self.seen):
            message = sample["name"].split()[0]
            if message in BODY_NODES:
                self.assertIn("reload." + BODY_NODES[message], [name for name, _, _ in seen], sample["name"])
                found.add(message)
        self.assertEqual(found, set(BODY_NODES))

    def test_opaque_values(self):
        for sample, seen in zip(self.samples, self.seen):
            shown = {value for name, _, value in seen if name.startswith("reload.opaque.")}
            expected = {value for field, values in sample["fields"] if field == "opaque" for value in values}
            self.assertLessEqual(expected, shown, sample["name"])

    def test_fields(self):
        for sample, seen in zip(self.samples, self.seen):
            for field, expected in sample["fields"]:
                if field == "opaque":
                    continue
                name, _, only_first = field.partition(" ")
                shown = [show for seen_name, show, _ in seen if seen_name == name]
                if only_first:
                    shown = shown[:1]
                with self.subTest(packet=sample["name"], field=field):
                    self.assertEqual([canonical(s) for s in shown], [canonical(e) for e in expected])


if __name__ == "__main__":
    for tool in ("text2pcap", "tshark"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is not installed: scripts/install-packages installs it")
    Dissection.program = sys.argv.pop(1)
    unittest.main()
