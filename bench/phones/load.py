"""Registrations and calls by SIPp at a rising rate, until a peer does not keep up any more."""
import contextlib
import math
import time
from dataclasses import dataclass
from pathlib import Path

from stations import PASSWORD, name_of, processor_s
from local_overlay import OverlayError
from phones.sipp import Sipp, register

HERE = Path(__file__).resolve().parent
# A peer reads 1,000 messages a second of one flow (sip-usage/element/settings.hpp) and 2,000 datagrams of one address
# (net/phones): more come from several of this machine's addresses.
MESSAGES_OF_SOURCE = 600
FACTOR = 1.4  # from one rate to the next
KEPT_UP = 0.85  # of the rate, over the time until the last answer; SIPp takes most of a second to end


@dataclass
class Stage:
    """What came of one rate."""
    offered: float
    done: int
    failed: int
    repeated: int
    took_s: float
    processor_s: list  # of each peer that was asked about

    @property
    def rate(self):
        return self.done / self.took_s

    def kept_up(self):
        return self.failed == 0 and self.repeated <= self.done / 100 and self.rate >= KEPT_UP * self.offered


class Sources:
    """SIPp processes that together offer so many works a second; each has its own address."""

    def __init__(self, messages_of_work, scenario, to, arguments=(), keys=None):
        self.messages_of_work = messages_of_work
        self.scenario, self.to, self.arguments, self.keys = scenario, to, arguments, keys

    def begin(self):
        """A few works, so that connections between peers are there."""
        self.run(4, 1, [])

    def run(self, rate, seconds, peers):
        count = math.ceil(rate * self.messages_of_work / MESSAGES_OF_SOURCE)
        share = rate / count
        with contextlib.ExitStack() as stack:
            sources = []
            for number in range(count):
                # Calls that wait pile up when the peer is too slow; what is refused then is not offered any more.
                limits = ["-r", max(1, round(share)), "-m", max(1, round(share * seconds)), "-l", max(10, round(4 * share)),
                          "-i", f"127.0.0.{10 + number}"]
                to = self.to[number % len(self.to)]
                sipp = Sipp(self.scenario, *self.arguments, *to[1:], *limits, to=to[0], keys=self.keys,
                            keeps_messages=False)
                sources.append(stack.enter_context(stopped_on_exit(sipp)))
            before, started = [processor_s(peer) for peer in peers], time.monotonic()
            for sipp in sources:
                sipp.start()
            counts = [finished(sipp, seconds + 45) for sipp in sources]
            took_s = time.monotonic() - started
            used = [processor_s(peer) - was for peer, was in zip(peers, before)]
        return Stage(rate, sum(each["successful"] for each in counts), sum(each["failed"] for each in counts),
                     sum(each["retransmissions"] for each in counts), took_s, used)


def finished(sipp, timeout_s):
    """What it counts in the end; what it has not finished then has failed."""
    try:
        return sipp.wait(timeout_s)
    except OverlayError:
        counts = sipp.statistics()
        return {**counts, "failed": counts["calls"] - counts["successful"]}


@contextlib.contextmanager
def stopped_on_exit(sipp):
    try:
        yield sipp
    finally:
        sipp.__exit__(None, None, None)


def until_saturated(sources, first_rate, seconds, peers, most=20_000):
    """The last rate that was kept up with, and the first that was not (nothing at the bound)."""
    sources.begin()
    best, rate = None, first_rate
    while rate <= most:
        stage = sources.run(rate, seconds, peers)
        if not stage.kept_up():
            return best, stage
        best, rate = stage, round(rate * FACTOR)
    return best, None


# ---- registrations
# By TCP: by UDP a transaction lives for 32 s after its answer (RFC 3261 §17.2.2), and a peer that has 16,384 of them
# refuses more, so that no peer takes more than 512 new ones a second for long, whatever it is able to do.

def users_file(folder, lines):
    """For SIPp's -inf: one line for each call, then from the start again."""
    file = Path(folder) / f"users-{len(list(Path(folder).glob('users-*')))}.csv"
    file.write_text("SEQUENTIAL\n" + "".join(";".join(map(str, line)) + ";\n" for line in lines))
    return file


def registrations(overlay, peer, lines, messages=1):
    file = users_file(overlay.folder, lines)
    return Sources(messages, str(HERE / "register.xml"), [(peer.phone_proxy("tcp"),)], ["-inf", file, "-t", "t1"],
                   {"domain": overlay.name})


def hold(peer, **credentials):
    """Another phone of that user, which stays: without it the entry in the overlay would go and come with SIPp's
    connections, and while it is written only eight REGISTERs of the user may wait."""
    register(peer.phone_proxy(), f"sip:{peer.user}", "sip:other@127.0.0.1:30002", 7200, **credentials)


def renewals(overlay, peer):
    hold(peer)
    return registrations(overlay, peer, [(name_of(peer), 3600, "")])


def renewals_with_digest(overlay, peer):
    name = name_of(peer)
    hold(peer, user=name, password=PASSWORD)
    return registrations(overlay, peer, [(name, 3600, f'[authentication username={name} password="{PASSWORD}"]')], 2)


def entries(overlay, peer, users):
    """Each user's phone comes and goes, so that each REGISTER writes to the overlay. (A user may bring about so many
    writes at once, then one every 5 s: sip-usage/registrar/settings.hpp.)"""
    names = [f"user{number}" for number in range(users)]
    return registrations(overlay, peer, [(name, expires, "") for expires in (3600, 0) for name in names])


# ---- calls

@contextlib.contextmanager
def answering_phones(peers):
    """A phone at each of these peers that rings and answers at once."""
    with contextlib.ExitStack() as stack:
        for peer in peers:
            phone = Sipp("uas", keeps_messages=False)
            register(peer.phone_proxy(), f"sip:{peer.user}", f"sip:{name_of(peer)}@{phone.address}", port=phone.port)
            stack.enter_context(phone)
        yield


def calls(caller, callees):
    """SIPp's own caller at `caller`: three messages of it for each call."""
    return Sources(3, "uac", [(caller.phone_proxy(), "-s", name_of(callee)) for callee in callees])
