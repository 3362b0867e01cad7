"""A real PostgreSQL server in a temporary folder, at a unix socket."""
import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from enrolld_world import end_with_parent

DEADLINE_S = 60


class Postgres:
    def __init__(self):
        self.programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: int(bin.parent.name))
        self.folder = Path(tempfile.mkdtemp(prefix="ringway-pg-", dir="/tmp"))
        self.user = {}
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.user = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self.log = (self.folder / "log").open("wb")
        self.launch("initdb", "-D", self.folder / "data", "-U", "ringway", "-A", "trust", "-E", "UTF8", "--no-locale",
                    "--no-sync").wait(DEADLINE_S)
        self.process = self.launch("postgres", "-D", self.folder / "data", "-k", self.folder, "-c", "listen_addresses=",
                                   "-c", "fsync=off", "-c", "max_connections=100")
        end = time.monotonic() + DEADLINE_S
        while self.execute("CREATE DATABASE enrolment", "postgres") != 0:
            if time.monotonic() > end or self.process.poll() is not None:
                raise AssertionError("PostgreSQL does not start: " + (self.folder / "log").read_text())
            time.sleep(0.1)

    def launch(self, program, *arguments):
        return subprocess.Popen([str(self.programs / program), *map(str, arguments)], stdin=subprocess.DEVNULL,
                                stdout=self.log, stderr=self.log, cwd="/", preexec_fn=end_with_parent, **self.user)

    def execute(self, sql, database="enrolment"):
        return self.launch("psql", "-q", "-d", self.url(database), "-c", sql).wait(DEADLINE_S)

    def url(self, database="enrolment"):
        return f"postgresql:///{database}?user=ringway&host={self.folder}"

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)  # ends the sessions
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(DEADLINE_S)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
