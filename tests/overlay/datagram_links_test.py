#!/usr/bin/env python3
"""Peers whose links are DTLS over UDP: they join, keep values, and outlive a crash as over TCP; one that has TCP only is
in the same ring."""
import unittest
from pathlib import Path

from support import OverlayTestCase, note

VALUES = 200
CONNECTED = "01"


def links_over_udp(peers):
    """How many sockets of UDP are connected to the port of one of these peers: each is one link."""
    ports = {int(peer.address.rsplit(":", 1)[1]) for peer in peers}
    rows = [line.split() for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]]
    return sum(1 for row in rows if row[3] == CONNECTED and int(row[2].split(":")[1], 16) in ports)


class DatagramLinksTest(OverlayTestCase):
    def test_a_ring_over_datagrams(self):
        # Shows: LINK-17.
        with self.overlay(5) as overlay:
            *with_datagrams, without = overlay.peers
            for peer in with_datagrams:
                peer.options = ["--datagram-links"]
            overlay.start(with_datagrams)
            self.converge(overlay, 60, with_datagrams)
            links = links_over_udp(with_datagrams)
            note(f"{links} links over UDP")
            self.assertGreaterEqual(links, 6, "one for each pair of four peers")
            overlay.start([without])
            self.converge(overlay, 60)
            self.put_values(overlay.peers, VALUES)
            self.find_values(overlay.peers, VALUES, 30)
            with_datagrams[2].kill()
            self.find_values(overlay.running(), VALUES, 60)
            for peer in overlay.running():
                self.assertEqual(peer.stop(), 0)


if __name__ == "__main__":
    unittest.main()
