"""An overlay of separate ringwayd processes on this machine, for the demonstration and the tests.

Makes an authority and credentials with ringway-enrolld, starts peers on loopback, asks them through `ringway`, and
knows which neighbours each must see. Everything lives in one temporary folder.
"""
import ctypes
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NAMES = ["alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "kevin", "laura", "mallory",
         "niaj", "olivia", "peggy"]
# Phones on this machine may register without a password.
# SIPp calls one user, faster than people do.
PHONES_ON_LOOPBACK = ["--sip-listen", "udp:127.0.0.1:0", "--sip-listen", "tcp:127.0.0.1:0",
                      "--sip-calls-per-second", "0", "--sip-trust-loopback"]
READY_S = 20
NEIGHBOURS = 3  # on each side, or fewer when the ring is smaller (RFC 6940 §10.1)


class OverlayError(Exception):
    """Something did not happen in time, or a program ended as it should not."""


def free_ports(count):
    """Ports on loopback that nobody uses, below the range from which the system takes those of outgoing connections
    (so that nobody gets them by chance before the peers listen)."""
    ports = []
    for port in random.sample(range(20000, 32000), 4000):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise OverlayError(f"found no {count} free ports")


def end_with_parent():
    """For a child before it runs its program: when this process dies, however suddenly, the child is told to stop."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def environment():
    """What the programs see of ours: nothing that would set their options, such as the RINGWAY_LISTEN or RINGWAY_API of
    the person who runs this."""
    return {name: value for name, value in os.environ.items() if not name.startswith("RINGWAY_")}


class Peer:
    """One ringwayd process, its folder and its credentials. It may be stopped and started again."""

    def __init__(self, overlay, index, port):
        self.overlay = overlay
        self.index = index
        self.user = f"{NAMES[index] if index < len(NAMES) else f'peer{index}'}@{overlay.name}"
        self.folder = overlay.folder / f"p{index}"
        self.address = f"127.0.0.1:{port}"
        self.api = f"unix:{self.folder}/data/api.sock"
        self.log = self.folder / "log"
        self.ready_file = self.folder / "ready.json"
        self.options = []  # besides those of all peers
        self.process = None
        self.node = None

    def command(self):
        others = [peer.address for peer in self.overlay.peers[:3] if peer is not self]
        command = [self.overlay.program("ringwayd"), "--credentials", self.folder / "credentials", "--data",
                   self.folder / "data", "--listen", self.address, "--ready-file", self.ready_file]
        for address in others:
            command += ["--bootstrap", address]
        if self.index == 0:
            command.append("--first-peer")
        return [*map(str, command), *self.overlay.options, *map(str, self.options)]

    def start(self):
        self.ready_file.unlink(missing_ok=True)
        with open(self.log, "ab") as log:
            # A group of its own: Ctrl-C at the terminal is for us, we stop the peers.
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, preexec_fn=end_with_parent, env=environment())

    def running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """As a crash: no hand-over, nothing flushed."""
        if self.running():
            self.process.kill()
            self.process.wait()

    def stop(self, timeout_s=20):
        """Leaves the ring; answers the exit code."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        return self.wait(timeout_s)

    def wait(self, timeout_s=20):
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
            raise OverlayError(f"{self} did not stop within {timeout_s} s") from None

    def ringway(self, *arguments, value=None, timeout_s=30):
        """Runs the command line on this peer; answers (exit code, standard output, standard error)."""
        command = [str(self.overlay.program("ringway")), "--api", self.api, *map(str, arguments)]
        done = subprocess.run(command, input=value, capture_output=True, text=not isinstance(value, bytes),
                              timeout=timeout_s, check=False, stdin=subprocess.DEVNULL if value is None else None,
                              env=environment())
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments, **options):
        """The same with --json, which must succeed."""
        code, out, err = self.ringway(*arguments, "--json", **options)
        if code != 0:
            raise OverlayError(f"ringway {' '.join(map(str, arguments))} on {self}: exit {code}: {out}{err}")
        return json.loads(out)

    def ring(self):
        """What the peer says of the ring; nothing when it does not answer."""
        code, out, _ = self.ringway("--timeout", "5", "ring", "--json")
        return json.loads(out) if code == 0 else None

    def phone_proxy(self, transport="udp"):
        """The address at which this peer serves phones by this transport, once it is ready: a moment after it has its
        place in the ring."""
        end = time.monotonic() + READY_S
        while not self.ready_file.exists():
            if not self.running() or time.monotonic() > end:
                raise OverlayError(f"{self} is not ready")
            time.sleep(0.05)
        served = json.loads(self.ready_file.read_text())["peers"][0]["sip"]
        return next(each.split(":", 1)[1] for each in served if each.split(":", 1)[0] == transport)

    def log_tail(self, lines=25):
        try:
            return self.log.read_text(errors="replace").splitlines()[-lines:]
        except OSError:
            return []

    def __str__(self):
        return f"peer {self.index} ({self.user})"


class Overlay:
    """`with Overlay(8, programs) as overlay:`; leaving the block kills what still runs, and after an exception prints
    the end of each peer's log."""

    def __init__(self, count, programs, name="overlay.example.org", options=(), enrolld_options=()):
        self.programs = Path(programs).resolve()
        self.name = name
        self.options = list(options)
        self.enrolld_options = list(enrolld_options)
        self.folder = Path(tempfile.mkdtemp(prefix="ringway-"))
        self.peers = [Peer(self, index, port) for index, port in enumerate(free_ports(count))]

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        for peer in self.peers:
            peer.kill()
        if kind is not None and kind is not KeyboardInterrupt:
            print(f"{kind.__name__}: {str(error)[:1000]}", file=sys.stderr)  # first: the logs are long
            self.print_logs(lines=max(5, 200 // len(self.peers)))
        shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, name):
        path = self.programs / name
        if not os.access(path, os.X_OK):
            raise OverlayError(f"there is no program {path}: build it first")
        return path

    def enrolld(self, *arguments):
        command = [str(self.program("ringway-enrolld")), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
        if done.returncode != 0:
            raise OverlayError(f"{' '.join(command)}: {done.stdout}{done.stderr}")

    def enrol(self, peers=None):
        """Makes the authority (once) and the credentials of these peers (all, if not said)."""
        authority = self.folder / "authority"
        if not authority.exists():
            self.enrolld("init", "--overlay", self.name, "--dir", authority, *self.enrolld_options)
        for peer in self.peers if peers is None else peers:
            self.enrolld("issue", "--dir", authority, "--user", peer.user, "--out", peer.folder / "credentials")

    def start(self, peers=None):
        for peer in self.peers if peers is None else peers:
            peer.start()

    def running(self):
        return [peer for peer in self.peers if peer.running()]

    def check_alive(self, peers):
        for peer in peers:
            if not peer.running():
                raise OverlayError(f"{peer} has ended with exit code {peer.process.poll()}")

    def wait_converged(self, timeout_s, peers=None, rings_of=None):
        """Waits until each of the running peers sees the neighbours it must see; answers their rings in ring order."""
        peers = self.running() if peers is None else peers
        rings_of = rings_of or (lambda asked: [peer.ring() for peer in asked])
        end = time.monotonic() + timeout_s
        while True:
            self.check_alive(peers)
            rings = rings_of(peers)
            problem = ring_problem(rings)
            if problem is None and time.monotonic() <= end:
                for peer, ring in zip(peers, rings):
                    peer.node = ring["node"]
                return sorted(rings, key=lambda ring: ring["node"])
            if time.monotonic() > end:
                raise OverlayError(f"no ring of {len(peers)} peers within {timeout_s} s: {problem or 'it came later'}")
            time.sleep(0.2)

    def in_ring_order(self):
        """The running peers by Node-ID, after wait_converged()."""
        return sorted(self.running(), key=lambda peer: peer.node)

    def print_logs(self, lines, columns=200):
        for peer in self.peers:
            state = "running" if peer.running() else f"ended ({peer.process.poll() if peer.process else 'not started'})"
            print(f"--- {peer}: {state}, the end of its log:", file=sys.stderr)
            for line in peer.log_tail(lines):
                print(f"    {line[:columns]}", file=sys.stderr)


def ring_problem(rings):
    """Why these are not the views of one ring: each peer must have joined and know the next ones on both sides, in
    order. Nothing when they are."""
    if any(ring is None for ring in rings):
        return f"{sum(ring is None for ring in rings)} peers do not answer"
    waiting = [ring["user"] for ring in rings if not ring["joined"]]
    if waiting:
        return f"{len(waiting)} have not joined: {', '.join(waiting[:4])}"
    nodes = sorted(ring["node"] for ring in rings)
    many = min(NEIGHBOURS, len(nodes) - 1)
    for ring in rings:
        at = nodes.index(ring["node"])
        clockwise = nodes[at + 1:] + nodes[:at]
        for side, expected in (("successors", clockwise), ("predecessors", clockwise[::-1])):
            if ring[side][:many] != expected[:many] or len(ring[side]) < many:
                return f"{ring['user']} ({ring['node']}) has the {side} {ring[side]}, not {expected[:many]}"
    return None
