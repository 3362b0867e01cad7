"""SIPp as a process: its own scenarios or ours, and the statistics that it leaves."""
import csv
import re
import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from local_overlay import OverlayError, end_with_parent, environment, free_ports

HERE = Path(__file__).resolve().parent
PROGRAM = "/usr/bin/sipp"


class Sipp:
    """`with Sipp("uas") as server:` or `with Sipp("uac", "-m", 10, to="127.0.0.1:5060") as caller: caller.wait(60)`.
    A name that ends with .xml is one of this folder's scenarios, any other one of SIPp's own."""

    def __init__(self, scenario, *arguments, to=None, keys=None, port=None, keeps_messages=True):
        self.folder = Path(tempfile.mkdtemp(prefix="ringway-sipp-"))
        self.name = scenario
        self.port = port or free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        self.statistics_file = self.folder / "statistics.csv"
        self.messages = self.folder / "messages"
        self.errors = self.folder / "errors"
        self.process = None
        chosen = ["-sf", HERE / scenario] if scenario.endswith(".xml") else ["-sn", scenario]
        command = [PROGRAM, *chosen, "-i", "127.0.0.1", "-p", self.port, "-mi", "127.0.0.1", "-nostdin", "-trace_stat",
                   "-stf", self.statistics_file, "-fd", "1", "-trace_err", "-error_file", self.errors]
        if keeps_messages:
            command += ["-trace_msg", "-message_file", self.messages]
        for key, value in (keys or {}).items():
            command += ["-key", key, value]
        command += [*arguments, *([to] if to is not None else [])]
        self.command = [str(word) for word in command]

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind is not None:
            self.print_log()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self):
        with open(self.folder / "screen", "wb") as screen:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=screen,
                                            stderr=subprocess.STDOUT, cwd=self.folder, start_new_session=True,
                                            preexec_fn=end_with_parent, env={**environment(), "TERM": "dumb"})

    def wait(self, timeout_s):
        """Until it has made all its calls; answers its statistics. Whether calls failed is for the test to say."""
        try:
            code = self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise OverlayError(f"sipp {self.name} did not end within {timeout_s} s") from None
        if code not in (0, 1):  # 1: some calls failed
            raise OverlayError(f"sipp {self.name}: exit code {code}")
        return self.statistics()

    def statistics(self):
        """The newest line of its statistics: what it counts since its start."""
        with open(self.statistics_file, newline="", encoding="utf-8") as file:
            rows = [row for row in csv.reader(file, delimiter=";") if row]
        newest = dict(zip(rows[0], rows[-1]))
        numbers = {"calls": "TotalCallCreated", "successful": "SuccessfulCall(C)", "failed": "FailedCall(C)",
                   "retransmissions": "Retransmissions(C)", "unexpected": "FailedUnexpectedMessage(C)",
                   "without_call": "OutOfCallMsgs(C)"}
        return {name: int(newest[column]) for name, column in numbers.items()}

    def received(self):
        """The messages that it got, oldest first."""
        return [message for _, message in self.received_at()]

    def received_at(self):
        """The same with their times, as of time.time()."""
        text = self.messages.read_text(errors="replace") if self.messages.exists() else ""
        found = []
        for part in re.split(r"^-{20,} ", text, flags=re.M)[1:]:
            when, what, *message = re.split(r"\n+", part, maxsplit=2)
            if " message received" in what:
                found.append((datetime.fromisoformat(when.replace("\t", " ")).timestamp(), "".join(message)))
        return found

    def print_log(self):
        for file in (self.errors, self.messages):
            if file.exists():
                print(f"--- sipp {self.name}, the end of its {file.name}:",
                      *file.read_text(errors="replace").splitlines()[-120:], sep="\n    ", flush=True)


def register(proxy, aor, contact, expires_s=600, user=None, password=None, transport=None, port=None, timeout_s=40):
    """A REGISTER, sent from this port, that must be accepted; answers the Contact values of the answer."""
    domain = aor.split("@", 1)[1]
    credentials = ["-au", user, "-ap", password, "-auth_uri", domain] if user is not None else []
    keys = {"aor": aor, "domain": domain, "contact": contact, "expires": expires_s}
    with Sipp("register.xml", "-m", 1, *credentials, *(["-t", transport] if transport else []), to=proxy,
              keys=keys, port=port) as sipp:
        statistics = sipp.wait(timeout_s)
        if statistics["successful"] != 1:
            raise OverlayError(f"REGISTER of {aor} at {proxy} was not accepted: {statistics}")
        answers = [message for message in sipp.received() if message.startswith("SIP/2.0 200")]
        return re.findall(r"^(?:Contact|m)\s*:\s*(.*?)\s*$", answers[-1], flags=re.M | re.I)
