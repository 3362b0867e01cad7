"""A real enrollment server for tests: `ringway-enrolld serve` of this build on loopback, a mail server that it writes to,
and clients of HTTPS (curl) and of gRPC (curl speaks the HTTP/2 of it, protoc its messages)."""
import contextlib
import ctypes
import dataclasses
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]
PROGRAMS = Path(os.environ.get("RINGWAY_PROGRAMS", ROOT / "build/release/bin"))
PYTHON = os.environ.get("RINGWAY_SYSTEM_PYTHON", sys.executable)
PROTOC = os.environ.get("RINGWAY_PROTOC", "protoc")
OVERLAY = "overlay.example.org"
DEADLINE_S = 30


def run(*command, check=True, **options):
    ran = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         timeout=DEADLINE_S, check=False, **options)
    if check and ran.returncode != 0:
        raise AssertionError(f"{command[0]} {ran.returncode}: {ran.stderr.decode(errors='replace')}")
    return ran


def end_with_parent():
    """In a child before its program: a test that is killed takes it along (PR_SET_PDEATHSIG, SIGKILL)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


def environment(**more):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RINGWAY_")}
    return {**kept, **more}


class Lines:
    """The JSON lines that a process prints, for whoever waits for one of them."""

    def __init__(self, stream):
        self.seen, self.changed = [], threading.Condition()
        self.thread = threading.Thread(target=self.read, args=(stream,), daemon=True)
        self.thread.start()

    def read(self, stream):
        for line in stream:
            with self.changed:
                self.seen.append(json.loads(line))
                self.changed.notify_all()

    def wait(self, wanted, timeout_s=DEADLINE_S):
        end = time.monotonic() + timeout_s
        with self.changed:
            while True:
                for line in self.seen:
                    if wanted(line):
                        return line
                left = end - time.monotonic()
                if left <= 0 or not self.changed.wait(left):
                    raise AssertionError(f"not within {timeout_s} s; seen: {self.seen}")


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def text(self):
        return self.body.decode(errors="replace")


@dataclasses.dataclass
class RpcAnswer:
    status: int
    message: str
    fields: str  # protoc's text
    trailers: dict

    def field(self, name):
        found = re.search(rf'^ *{name}: "?([^"\n]*)"?$', self.fields, re.M)
        return found.group(1) if found else None


def octets(data):
    """Bytes for protoc's text."""
    return '"' + "".join(f"\\{byte:03o}" for byte in data) + '"'


def headers_of(path):
    """Of the last answer in curl's dump, its trailers with them; names in lower case."""
    blocks, found = Path(path).read_text(encoding="latin-1").splitlines(), {}
    for line in blocks:
        if line.startswith("HTTP/"):
            found = {}
        elif ":" in line:
            name, value = line.split(":", 1)
            found[name.strip().lower()] = value.strip()
    return found


class World:
    """An authority, TLS for the servers, a mail server when one is wanted; everything goes with the folder."""

    def __init__(self, *, mail=False, init=(), environ=None, authority=None):
        self.temporary = tempfile.TemporaryDirectory(prefix="ringway-", dir="/tmp")
        self.folder = Path(self.temporary.name)
        self.processes, self.numbers = [], iter(range(1_000_000))
        self.authority = authority or self.folder / "authority"
        if authority is None:
            run(PROGRAMS / "ringway-enrolld", "init", "--overlay", OVERLAY, "--dir", self.authority, *init,
                env=environment(**(environ or {})))
        self.tls_key, self.tls = self.folder / "tls.key", self.folder / "tls.crt"
        self.make_tls()
        self.mails = self.start_mail() if mail else None

    def make_tls(self):
        """The servers' certificate, which vouches for itself."""
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", 2,
            "-keyout", self.tls_key, "-out", self.tls, "-subj", "/CN=localhost",
            "-addext", f"subjectAltName=DNS:localhost,DNS:{OVERLAY},IP:127.0.0.1")

    def close(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    with contextlib.suppress(OSError):
                        stream.close()
        self.temporary.cleanup()

    def counterpart(self, script, *options):
        """One of the servers that the proofs are tested with; its lines, and its port."""
        server = ROOT / "tests/services/enrolld/proofs" / script
        process = subprocess.Popen([PYTHON, server, "--certificate", self.tls, "--key", self.tls_key, *options],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=end_with_parent)
        self.processes.append(process)
        lines = Lines(process.stdout)
        return lines, lines.wait(lambda line: line["event"] == "ready")["port"]

    def start_mail(self):
        lines, self.mail_port = self.counterpart("smtp_server.py", "--user", "enrol", "--password", "mail password")
        self.mail_password = self.folder / "mail-password"
        self.mail_password.write_text("mail password\n")
        return lines

    def mail_options(self):
        return ["--proof", "mail", "--smtp", f"smtp://localhost:{self.mail_port}", "--smtp-ca", self.tls,
                "--smtp-user", "enrol", "--smtp-password-file", self.mail_password,
                "--mail-from", "enrol@overlay.example.org"]

    def server(self, *options, **more):
        return Server(self, *options, **more)

    # ---- Keys and requests

    def path(self, suffix):
        return self.folder / f"{next(self.numbers)}{suffix}"

    def key(self):
        path = self.path(".key")
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path)
        return path

    def csr(self, key, *extensions):
        path = self.path(".csr")
        added = [word for extension in extensions for word in ("-addext", extension)]
        run("openssl", "req", "-new", "-key", key, "-subj", "/CN=node", "-outform", "DER", "-out", path, *added)
        return path

    def certificate(self, der):
        """Where a certificate in DER is, and what OpenSSL says about it."""
        path = self.path(".crt")
        path.write_bytes(der)
        text = run("openssl", "x509", "-inform", "DER", "-in", path, "-noout", "-text").stdout.decode()
        return path, text

    def nodes_in(self, der):
        return re.findall(r"URI:reload://([0-9a-f]+)@", self.certificate(der)[1])

    def mails_to(self, address):
        return [line for line in list(self.mails.seen) if line["event"] == "mail" and line["to"] == [address]]

    def mail_of(self, enrolment):
        """The link's path and the code of the mail about an enrolment."""
        mail = self.mails.wait(lambda line: line["event"] == "mail" and enrolment in line["parts"]["text/plain"])
        text = mail["parts"]["text/plain"]
        link = re.search(r"https://\S+", text).group()
        code = re.search(r"^\s+(\d{4} \d{4})\s*$", text, re.M).group(1)
        return link[link.index("/confirm"):], code


class Server:
    def __init__(self, world, *options, state=None, directory=None, environ=None, start=True):
        self.world = world
        self.state = state or world.path(".state")
        self.directory = directory or world.authority
        self.options = list(map(str, options))
        self.environ = environ or {}
        self.log_path = world.path(".log")
        self.process = None
        if start:
            self.start()

    def start(self):
        ready = self.world.path(".ready")
        command = [PROGRAMS / "ringway-enrolld", "serve", *self.options]
        for option, value in (("--dir", self.directory), ("--state", self.state), ("--https", "127.0.0.1:0"),
                              ("--https-cert", self.world.tls), ("--https-key", self.world.tls_key),
                              ("--log-format", "json"), ("--ready-file", ready)):
            if option not in self.options:
                command += [option, value]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(list(map(str, command)), env=environment(**self.environ), stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, preexec_fn=end_with_parent)
        self.world.processes.append(self.process)
        end = time.monotonic() + DEADLINE_S
        while not ready.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the server did not start ({self.process.poll()}):\n{self.log}")
            time.sleep(0.02)
        told = json.loads(ready.read_text())
        self.https, self.grpc = told["https"], told["grpc"]
        return self

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(DEADLINE_S)

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def events(self, name):
        return [line for line in map(json.loads, self.log.splitlines()) if line["event"] == name]

    # ---- HTTPS

    def curl(self, path, *options):
        out, head = self.world.path(".out"), self.world.path(".head")
        ran = run("curl", "-sS", "--cacert", self.world.tls, "-o", out, "-D", head, "-w", "%{http_code}", *options,
                  f"https://{self.https}{path}")
        return Answer(int(ran.stdout), headers_of(head), out.read_bytes() if out.exists() else b"")

    def enrol(self, user, csr, password=None, *, enrolment=None, nodes=None, more=()):
        form = ["-H", "Accept: application/pkix-cert", "-F", f"csr=@{csr};type=application/pkcs10"]
        for name, value in (("username", user), ("password", password), ("enrolment", enrolment), ("nodeids", nodes)):
            if value is not None:
                form += ["-F", f"{name}={value}"]
        return self.curl("/enroll", *form, *more)

    # ---- gRPC

    def rpc(self, method, message="", *, request=None, certificate=None, key=None, socket=True):
        """Calls as an operator, at the socket; or at the network's address, with a certificate or without."""
        kind = request or f"{method}Request"
        encoded = self.protoc(f"--encode=ringway.v1.{kind}", message.encode())
        body, out, head = (self.world.path(suffix) for suffix in (".rpc", ".out", ".head"))
        body.write_bytes(b"\0" + struct.pack(">I", len(encoded)) + encoded)
        if socket:
            where = ["--http2-prior-knowledge", "--unix-socket", self.state / "operator.sock"]
            url = "http://localhost"
        else:
            where, url = ["--http2", "--cacert", self.world.tls], f"https://{self.grpc}"
            if certificate:
                where += ["--cert", certificate, "--key", key]
        run("curl", "-sS", *where, "-o", out, "-D", head, "-H", "content-type: application/grpc", "-H", "te: trailers",
            "--data-binary", f"@{body}", f"{url}/ringway.v1.Enrollment/{method}")
        trailers = headers_of(head)
        data = out.read_bytes()[5:] if out.exists() else b""
        answer = kind.replace("Request", "Response")
        fields = self.protoc(f"--decode=ringway.v1.{answer}", data).decode() if trailers.get("grpc-status") == "0" else ""
        return RpcAnswer(int(trailers.get("grpc-status", -1)), trailers.get("grpc-message", ""), fields, trailers)

    @staticmethod
    def protoc(what, data):
        return run(PROTOC, f"--proto_path={ROOT / 'proto'}", what, "ringway/v1/enrollment.proto", input=data).stdout

    def invite(self, user="", uses=1):
        answer = self.rpc("Invite", f'user: "{user}" uses: {uses}')
        if answer.status != 0:
            raise AssertionError(f"Invite: {answer}")
        return answer.field("token")

    def measures(self):
        fields = self.rpc("Statistics").fields
        found = {name: int(value) for name, value in re.findall(r'name: "(\w+)"\s+value: (\d+)', fields)}
        names = re.findall(r'name: "(\w+)"', fields)
        return {name: found.get(name, 0) for name in names}


class ServerTestCase(unittest.TestCase):
    """Prints the servers' logs when a test fails."""
    maxDiff = None

    def world(self, **options):
        world = World(**options)
        self.addCleanup(world.close)
        return world

    def server(self, world, *options, **more):
        server = world.server(*options, **more)
        self.addCleanup(self.tell, server)
        return server

    def tell(self, server):
        if not self._outcome.success:
            print(f"--- log of {server.state.name}\n{server.log}", file=sys.stderr)

    def eventually(self, condition, timeout_s=DEADLINE_S):
        end = time.monotonic() + timeout_s
        while not condition():
            self.assertLess(time.monotonic(), end, f"not within {timeout_s} s")
            time.sleep(0.05)
