"""A phone for text messages (RFC 3428) in one process and on one socket of UDP: it registers, sends, and takes what comes
from the moment at which it exists. SIPp and baresip are two programs for that, or answer nothing but 200."""
import email.parser
import email.policy
import itertools
import secrets
import socket
import threading
import time

from local_overlay import OverlayError

T1_S, T2_S = 0.5, 4.0  # RFC 3261 §17.1.2.2
ANSWER_S = 32.0
MAX_DATAGRAM_BYTES = 65535


class Message:
    """Of SIP, as it came."""

    def __init__(self, octets):
        start, _, rest = octets.decode(errors="replace").partition("\r\n")
        head, _, self.body = rest.partition("\r\n\r\n")
        self.start = start.split(" ", 2)
        self.fields = email.parser.HeaderParser(policy=email.policy.compat32).parsestr(head)
        self.is_request = self.start[-1] == "SIP/2.0"

    def __getitem__(self, name):
        return str(self.fields[name])

    def all(self, name):
        return [str(value) for value in self.fields.get_all(name, [])]


class Shown:
    """A MESSAGE that came; a repetition of the same transaction is none."""

    def __init__(self, message, status):
        self.text = message.body
        self.call_id = message["Call-ID"]
        self.sender = message["From"]
        self.date = message.fields["Date"]
        self.status = status
        self.at = time.monotonic()


class TextPhone:
    """`with TextPhone(aor, proxy) as phone: phone.register()`. `answers` says what each MESSAGE gets, in the phone's
    thread: a status, or nothing."""

    def __init__(self, aor, proxy, answers=lambda message: 200):
        self.aor = aor
        self.proxy = (proxy.rsplit(":", 1)[0], int(proxy.rsplit(":", 1)[1]))
        self.answers = answers
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self.socket.getsockname())
        self.registration = secrets.token_hex(8)  # its Call-ID
        self.numbers = itertools.count(1)
        self.changed = threading.Condition()
        self.responses = {}  # by branch
        self.answered = {}  # by branch: what a repetition gets again
        self.came = []
        self.is_closed = False
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, error, trace):
        self.is_closed = True
        self.socket.sendto(b"\r\n", self.socket.getsockname())  # wakes the thread
        self.thread.join()
        self.socket.close()

    # ---- what it does

    def register(self, expires_s=600):
        """The 200 of a REGISTER that must be accepted."""
        domain = self.aor.split("@", 1)[1]
        answer = self.ask("REGISTER", f"sip:{domain}", self.aor, self.registration, [
            f"Contact: <sip:phone@{self.address}>;expires={expires_s}"])
        if answer is None or answer.start[1] != "200":
            raise OverlayError(f"a REGISTER of {self.aor} got {answer and answer.start}")
        return answer

    def send(self, to, text):
        """The final status of a MESSAGE; nothing when there was none."""
        answer = self.ask("MESSAGE", to, to, secrets.token_hex(8), ["Content-Type: text/plain"], text)
        return int(answer.start[1]) if answer is not None else None

    def shown(self):
        """The MESSAGEs that it has taken, in their order."""
        with self.changed:
            return [each for each in self.came if each.status is not None and each.status < 300]

    def wait_for(self, condition, timeout_s):
        """Until that holds of what came; false: not in time."""
        with self.changed:
            return self.changed.wait_for(lambda: condition(self.came), timeout_s)

    # ---- SIP

    def ask(self, method, uri, to, call_id, fields, body=""):
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        request = "\r\n".join([
            f"{method} {uri} SIP/2.0", f"Via: SIP/2.0/UDP {self.address};branch={branch};rport", "Max-Forwards: 70",
            f"From: <{self.aor}>;tag={call_id[:8]}", f"To: <{to}>", f"Call-ID: {call_id}",
            f"CSeq: {next(self.numbers)} {method}", *fields, f"Content-Length: {len(body.encode())}", "", body]).encode()
        end, wait_s = time.monotonic() + ANSWER_S, T1_S
        while time.monotonic() < end:
            self.socket.sendto(request, self.proxy)
            with self.changed:
                if self.changed.wait_for(lambda: branch in self.responses, wait_s):
                    return self.responses[branch]
            wait_s = min(2 * wait_s, T2_S)
        return None

    def serve(self):
        while not self.is_closed:
            octets, sender = self.socket.recvfrom(MAX_DATAGRAM_BYTES)
            if octets.strip():
                self.take(Message(octets), sender)

    def take(self, message, sender):
        branch = next(part.split("=", 1)[1] for part in message["Via"].split(",", 1)[0].split(";")
                      if part.strip().startswith("branch="))
        if not message.is_request:
            if int(message.start[1]) >= 200:
                with self.changed:
                    self.responses[branch] = message
                    self.changed.notify_all()
            return
        if branch not in self.answered:
            status = self.answers(message) if message.start[0] == "MESSAGE" else 405
            self.answered[branch] = self.answer_to(message, status) if status is not None else None
            if message.start[0] == "MESSAGE":
                with self.changed:
                    self.came.append(Shown(message, status))
                    self.changed.notify_all()
        if self.answered[branch] is not None:
            self.socket.sendto(self.answered[branch], sender)

    def answer_to(self, request, status):
        return "\r\n".join([
            f"SIP/2.0 {status} As it is", *(f"Via: {via}" for via in request.all("Via")), f"From: {request['From']}",
            f"To: {request['To']};tag=phone", f"Call-ID: {request['Call-ID']}", f"CSeq: {request['CSeq']}",
            "Content-Length: 0", "", ""]).encode()
