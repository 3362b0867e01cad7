"""NSD with one zone, as the DNS of other SIP domains."""
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from local_overlay import OverlayError, end_with_parent, environment, free_ports

PROGRAM = "/usr/sbin/nsd"
CONFIGURATION = """server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/pid"
  xfrdfile: "{folder}/xfrd"
  xfrdir: "{folder}"
  zonelistfile: "{folder}/zones"
  logfile: "{folder}/log"
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: zone
"""


class NameServer:
    """`with NameServer("elsewhere.example", ["_sip._udp SRV 0 0 5060 host", "host A 127.0.0.1"]) as dns: dns.address`"""

    def __init__(self, zone, records):
        self.zone = zone
        self.folder = Path(tempfile.mkdtemp(prefix="ringway-nsd-"))
        self.port = free_ports(1)[0]
        self.address = f"127.0.0.1:{self.port}"
        head = [f"$ORIGIN {zone}.", "$TTL 60", "@ SOA ns hostmaster 1 3600 600 86400 60", "@ NS ns", "ns A 127.0.0.1"]
        (self.folder / "zone").write_text("\n".join([*head, *records]) + "\n")
        (self.folder / "nsd.conf").write_text(CONFIGURATION.format(port=self.port, folder=self.folder, zone=zone))
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen([PROGRAM, "-d", "-c", self.folder / "nsd.conf"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        preexec_fn=end_with_parent, env=environment())
        end = time.monotonic() + 30
        while not self.is_up():  # its socket takes datagrams before its zone is read
            if self.process.poll() is not None or time.monotonic() > end:
                log = self.folder / "log"
                text = log.read_text() if log.exists() else ""
                self.__exit__(None, None, None)
                raise OverlayError(f"NSD does not start: {text}")
        return self

    def __exit__(self, kind, error, trace):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def is_up(self):
        """Whether it answers for the zone's SOA record without an error."""
        name = b"".join(bytes([len(label)]) + label.encode() for label in self.zone.split(".")) + b"\0"
        question = struct.pack(">HHHHHH", 1, 0, 1, 0, 0, 0) + name + struct.pack(">HH", 6, 1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
            asking.settimeout(0.2)
            try:
                asking.sendto(question, ("127.0.0.1", self.port))
                answer = asking.recv(512)
            except OSError:
                time.sleep(0.02)
                return False
        return len(answer) > 12 and answer[3] & 0x0F == 0
