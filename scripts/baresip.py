"""A baresip phone as a process: its own folder, commands and events over its control socket (ctrl_tcp), no sound card,
everything on loopback. It sends a sine of its own frequency and records what it hears, so that a test knows whose sound
arrived."""
import json
import queue
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import uuid
from pathlib import Path

from local_overlay import OverlayError, end_with_parent, environment, free_ports
from sound import strength, wave

PROGRAM = "/usr/bin/baresip"
MODULES = "/usr/lib/baresip/modules"
TONE_S = 90  # no call here is longer

# `aubridge` is a player that needs no device; `sndfile` writes what is heard before the player gets it.
CONFIG = """
poll_method epoll
sip_listen {listen}
sip_cafile {authority}
audio_player aubridge,{name}
audio_source aufile,{folder}/tone.wav
audio_alert aubridge,{name}-alert
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
rtp_ports 12000-19998
rtcp_mux {mux}
net_interface 127.0.0.1
call_local_timeout 120
call_max_calls 16
call_hold_other_calls no
module_path {modules}
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module srtp.so
module dtls_srtp.so
module ice.so
module_app account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control}
{more}
snd_path {folder}/heard
ring_aufile none
"""


class Baresip:
    """`with Baresip("alice", tone_hz=440) as phone:`; its SIP messages are in `log`. With `media_of_browsers` it speaks
    DTLS-SRTP and ICE, as browsers ask for, and nothing else. With `account` it registers when it starts, as it must to
    publish what its user does; then it watches `contacts` (addresses)."""

    def __init__(self, name, tone_hz, authority="", answers=False, media_of_browsers=False, account="", contacts=()):
        self.name = name
        self.tone_hz = tone_hz
        self.answers = answers
        self.media_of_browsers = media_of_browsers
        self.account = account
        self.contacts = contacts
        self.folder = Path(tempfile.mkdtemp(prefix=f"ringway-baresip-{name}-"))
        self.log = self.folder / "log"
        self.authority = authority
        self.process = self.control = self.reader = None
        self.events = queue.Queue()  # every event once; wait_for() takes what comes before it as well
        self.answered = queue.Queue()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        self.stop()
        if kind is not None:
            self.print_log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, timeout_s=15):
        control, sip = free_ports(2)
        (self.folder / "heard").mkdir(exist_ok=True)
        wave(self.folder / "tone.wav", self.tone_hz, TONE_S)
        (self.folder / "config").write_text(CONFIG.format(
            listen=f"127.0.0.1:{sip}", authority=self.authority, name=self.name, folder=self.folder,
            modules=MODULES, control=control, mux="yes" if self.media_of_browsers else "no",
            more="module_app contact.so\nmodule_app presence.so" if self.account else ""))
        (self.folder / "accounts").write_text(self.account + "\n")
        (self.folder / "contacts").write_text(
            "".join(f'"{address}" <{address}>;presence=p2p\n' for address in self.contacts))
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-f", self.folder, "-s", "-v"], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True,
                                            preexec_fn=end_with_parent, env=environment())
        end = time.monotonic() + timeout_s
        while True:
            try:
                self.control = socket.create_connection(("127.0.0.1", control), 1)
                break
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    self.print_log()
                    raise OverlayError(f"baresip {self.name} does not take commands") from None
                time.sleep(0.05)
        self.control.settimeout(None)
        self.reader = threading.Thread(target=self.read, args=(self.control,), daemon=True)
        self.reader.start()

    def stop(self):
        """At once, as when the battery is taken out: nothing is unregistered."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.control is not None:
            self.control.close()

    def read(self, control):
        # Netstrings (LENGTH:text,), one JSON object in each.
        with control.makefile("rb") as stream:
            try:
                while digits := b"".join(iter(lambda: stream.read(1), b":")):
                    message = json.loads(stream.read(int(digits)))
                    stream.read(1)
                    message["at"] = time.monotonic()
                    (self.events if message.get("event") else self.answered).put(message)
            except (OSError, ValueError):
                return  # the socket is closed: by stop(), or because baresip has ended, which others will see

    def command(self, command, parameters=None, timeout_s=10):
        """Answers what baresip says to it."""
        token = uuid.uuid4().hex
        message = {"command": command, "token": token}
        if parameters is not None:
            message["params"] = parameters
        text = json.dumps(message).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))
        try:
            answer = self.answered.get(timeout=timeout_s)
        except queue.Empty:
            raise OverlayError(f"baresip {self.name} did not answer to {command}") from None
        if answer.get("token") != token or not answer["ok"]:
            raise OverlayError(f"baresip {self.name}: {command} {parameters}: {answer}")
        return answer["data"]

    def wait_for(self, kind, timeout_s=30, unless=()):
        """The next event of this type; fails when one of `unless` comes before it."""
        end = time.monotonic() + timeout_s
        seen = []
        while (left := end - time.monotonic()) > 0:
            try:
                event = self.events.get(timeout=left)
            except queue.Empty:
                break
            seen.append(event)
            if event["type"] == kind:
                return event
            if event["type"] in unless:
                break
        raise OverlayError(f"baresip {self.name}: no {kind} within {timeout_s} s, but "
                           f"{[(event['type'], event.get('param')) for event in seen]}")

    def register(self, aor, proxy, user="", password="", expires_s=600, timeout_s=30):
        """Registers as this address (sip:alice@example.org) by way of this proxy (127.0.0.1:5060;transport=tcp);
        answers the event that says it is done."""
        account = f'<{aor}>;outbound="sip:{proxy}";regint={expires_s}'
        account += f";answermode={'auto' if self.answers else 'manual'};audio_codecs=PCMU"
        if self.media_of_browsers:
            account += ";mediaenc=dtls_srtp;medianat=ice"
        if password:
            account += f";auth_user={user};auth_pass={password}"
        self.aor = aor
        self.command("uanew", account)
        return self.wait_for("REGISTER_OK", timeout_s, unless=("REGISTER_FAIL",))

    def seen(self):
        """What it shows of its contacts: Online, Offline, Busy, Unknown."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.command("contacts"))
        out = {}
        for address in self.contacts:
            line = next((line for line in text.splitlines() if f"<{address}>" in line), "")
            out[address] = next((word for word in ("Online", "Offline", "Busy", "Unknown") if word in line), line)
        return out

    def unregister(self, timeout_s=10):
        self.command("uadel", self.aor)
        self.wait_for("UNREGISTERING", timeout_s)

    def call(self, address):
        self.command("dial", address)

    def answer(self, timeout_s=30):
        self.wait_for("CALL_INCOMING", timeout_s, unless=("CALL_CLOSED",))
        self.command("accept")

    def wait_in_call(self, timeout_s=30):
        return self.wait_for("CALL_ESTABLISHED", timeout_s, unless=("CALL_CLOSED",))

    def hang_up(self):
        self.command("hangup")

    def wait_ended(self, timeout_s=15):
        return self.wait_for("CALL_CLOSED", timeout_s)

    def heard(self):
        """The sound of its last call, once that is over."""
        return max((self.folder / "heard").glob("*-dec.wav"), key=lambda path: path.stat().st_mtime_ns, default=None)

    def heard_tone_s(self, tone_hz):
        """For how many seconds of its last call it heard this tone."""
        heard = self.heard()
        return strength(heard, tone_hz) if heard is not None else 0.0

    def log_lines(self):
        """Its log without colours, empty lines and what it says of a call ten times a second."""
        text = re.sub(r"\x1b\[[0-9;]*m", "", self.log.read_text(errors="replace"))
        return [line for line in text.splitlines() if line.strip() and "(bit/s)" not in line]

    def print_log(self, lines=200):
        print(f"--- baresip {self.name}, the end of its log:", *self.log_lines()[-lines:], sep="\n    ", flush=True)
