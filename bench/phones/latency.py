"""From INVITE to 180, seen by the caller's phone: phones of UDP in this process, one call at a time."""
import itertools
import random
import select
import socket
import time

import stations  # noqa: F401 (it says where local_overlay is)
from local_overlay import OverlayError

PATIENCE_S = 15
REPEATED = ("Via", "Record-Route", "From", "Call-ID", "CSeq")
SDP = ("v=0\r\no=phone 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
       "m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n")


def fields(message, name):
    prefix = name + ": "
    return [line[len(prefix):] for line in message.split("\r\n\r\n", 1)[0].split("\r\n") if line.startswith(prefix)]


class Phone:
    """A phone of the peer's own user, at a port of its own."""

    def __init__(self, peer):
        self.name, self.domain = peer.user.split("@", 1)
        self.aor = f"sip:{peer.user}"
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:" + str(self.socket.getsockname()[1])
        host, port = peer.phone_proxy().rsplit(":", 1)
        self.socket.connect((host, int(port)))
        self.count = 0

    def send(self, start, lines, body=""):
        lines = [start, *lines, *(["Content-Type: application/sdp"] if body else []), f"Content-Length: {len(body)}"]
        self.socket.send(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    def request(self, method, uri, lines, body=""):
        self.count += 1
        via = f"Via: SIP/2.0/UDP {self.address};rport;branch=z9hG4bK{self.name}{self.count}"
        self.send(f"{method} {uri} SIP/2.0", [via, "Max-Forwards: 70", *lines], body)

    def contact(self):
        return f"Contact: <sip:{self.name}@{self.address}>"

    def register(self):
        """Seconds until it was accepted."""
        started = time.perf_counter()
        self.request("REGISTER", f"sip:{self.domain}",
                     [f"To: <{self.aor}>", f"From: <{self.aor}>;tag=r", f"Call-ID: r{self.address}", "CSeq: 1 REGISTER",
                      self.contact() + ";expires=3600"])
        while True:
            message = wait([self])[1]
            if not message.startswith("SIP/2.0 1"):
                break
        if not message.startswith("SIP/2.0 200"):
            raise OverlayError(f"REGISTER of {self.name}: {message.splitlines()[0]}")
        return time.perf_counter() - started

    def answer(self, request, status, body=""):
        lines = [f"{name}: {value}" for name in REPEATED for value in fields(request, name)]
        to = fields(request, "To")[0]
        lines.append("To: " + (to if ";tag=" in to else f"{to};tag={self.name}"))
        if "INVITE" in fields(request, "CSeq")[0]:
            lines.append(self.contact())
        self.send(f"SIP/2.0 {status}", lines, body)

    def in_dialog(self, ok, method, cseq):
        contact = fields(ok, "Contact")[0]
        uri = contact[contact.index("<") + 1:contact.index(">")]
        lines = [f"Route: {route}" for route in reversed(fields(ok, "Record-Route"))]
        lines += [f"{name}: {fields(ok, name)[0]}" for name in ("To", "From", "Call-ID")]
        self.request(method, uri, [*lines, f"CSeq: {cseq} {method}"])


def wait(phones):
    """The next message to any of these phones, and whose it is."""
    ready = select.select([phone.socket for phone in phones], [], [], PATIENCE_S)[0]
    if not ready:
        raise OverlayError(f"nothing came within {PATIENCE_S} s")
    phone = next(each for each in phones if each.socket is ready[0])
    return phone, phone.socket.recv(65536).decode()


def call(caller, callee):
    """A whole call; answers the seconds from INVITE to 180."""
    call_id = f"{caller.count}-{caller.address}"
    started = time.perf_counter()
    caller.request("INVITE", callee.aor, [f"To: <{callee.aor}>", f"From: <{caller.aor}>;tag={caller.count}",
                                          f"Call-ID: {call_id}", "CSeq: 1 INVITE", caller.contact()], SDP)
    rang_s = None
    while True:
        phone, message = wait([caller, callee])
        what = message.split(" ", 2)
        if fields(message, "Call-ID")[0] != call_id:
            continue  # of the call before
        if phone is callee and what[0] == "INVITE":
            callee.answer(message, "180 Ringing")
            callee.answer(message, "200 OK", SDP)
        elif phone is callee and what[0] == "BYE":
            callee.answer(message, "200 OK")
        elif phone is caller and what[1] == "180":
            rang_s = rang_s or time.perf_counter() - started
        elif phone is caller and what[1] == "200" and "INVITE" in fields(message, "CSeq")[0]:
            caller.in_dialog(message, "ACK", 1)
            caller.in_dialog(message, "BYE", 2)
        elif phone is caller and what[1] == "200":
            return rang_s
        elif phone is caller and int(what[1]) >= 300:
            raise OverlayError(f"a call of {caller.name} to {callee.name}: {message.splitlines()[0]}")


def measure(overlay, pairs, again):
    """So many pairs of peers call each other for the first time, and then so often again. Answers the seconds of all
    registrations, first calls and further calls, each sorted."""
    phones = [Phone(peer) for peer in overlay.peers]
    registered = sorted(phone.register() for phone in phones)
    # A connection serves both ways, so each pair once; of many, those that are far apart, too.
    every = list(itertools.combinations(range(len(phones)), 2))
    unique = random.Random(1).sample(every, min(pairs, len(every)))
    first, further = [], []
    for i, j in unique:
        first.append(call(phones[i], phones[j]))
    for _ in range(again):
        for i, j in unique:
            further.append(call(phones[i], phones[j]))
            time.sleep(0.002)  # one at a time, and none behind the end of another
    for phone in phones:
        phone.socket.close()
    return registered, sorted(first), sorted(further)
