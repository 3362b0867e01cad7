"""Overlays of real peers for the benchmarks of phones, and what their processes take of the machine."""
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
for folder in (ROOT / "scripts", ROOT / "tests/overlay"):
    sys.path.insert(0, str(folder))
from local_overlay import PHONES_ON_LOOPBACK, Overlay, OverlayError  # noqa: E402
from phones.peers import add_user, write_passwords  # noqa: E402

PASSWORD = "one two three"
TRUST = "--sip-trust-loopback"


def started_overlay(build, count, users=0, with_passwords=()):
    """An overlay of `count` peers that see one ring. Peer 0 has so many further users; the peers whose indices are in
    `with_passwords` let phones in with passwords only, all others let in all of this machine."""
    overlay = Overlay(count, build / "bin", options=[each for each in PHONES_ON_LOOPBACK if each != TRUST])
    try:
        overlay.enrol()
        for peer in overlay.peers:
            if peer.index in with_passwords:
                passwords = write_passwords(peer.folder / "passwords", overlay.name, {name_of(peer): PASSWORD})
                peer.options += ["--sip-passwords", passwords]
            else:
                peer.options.append(TRUST)
        for number in range(users):
            add_user(overlay, overlay.peers[0], f"user{number}")
        overlay.start()
        overlay.wait_converged(180)
        wait_quiet(overlay.peers)
    except BaseException:
        overlay.__exit__(None, None, None)
        raise
    return overlay


def name_of(peer):
    return peer.user.split("@", 1)[0]


def processor_s(peer):
    """What the peer's process has used of the processors since its start."""
    fields = Path(f"/proc/{peer.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_quiet(peers, timeout_s=120):
    """Until none of them does much: they have put their certificates into the overlay."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        before = [processor_s(peer) for peer in peers]
        time.sleep(1)
        if max(processor_s(peer) - was for peer, was in zip(peers, before)) <= 0.02:
            return
    raise OverlayError(f"the peers are busy after {timeout_s} s")


def percentile(values, share):
    """Of what has been sorted: the value that this share does not exceed."""
    return values[min(len(values) - 1, int(len(values) * share))]
