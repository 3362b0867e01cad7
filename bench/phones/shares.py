"""Where a running process spends its time, by perf: each sample counts for the innermost of its frames that is known to
belong to something. Which functions are whose is read from the build's libraries."""
import collections
import shutil
import subprocess
import tempfile
from pathlib import Path

PERF = shutil.which("perf")
SAMPLES_A_SECOND = 999
STACK_BYTES = 16384

PARSING, SIP, OVERLAY = "SIP: reading and writing", "SIP: all else", "overlay requests"
SOCKETS, ACTORS, SYSTEM, OTHER = "sockets", "actors", "system", "other"
SIGNATURES, TLS, TOKENS = "cryptography: overlay", "cryptography: TLS", "cryptography: SIP"
ROWS = [PARSING, SIP, OVERLAY, SIGNATURES, TLS, TOKENS, SOCKETS, ACTORS, SYSTEM, OTHER]

ROOMS = {"sip_message": PARSING, "vocabulary": None, "actors": ACTORS, "net": SOCKETS, "app_links": SOCKETS,
         "phones": SOCKETS, "dns": SOCKETS, "storage": OVERLAY}
ROOMS.update(dict.fromkeys(("wire", "link", "config", "topology", "routing", "data", "discovery"), OVERLAY))
SECURITY = "security"  # overlay requests; but its cryptography is of whoever calls it
ROOMS["security"] = SECURITY
FOREIGN = {"libosipparser2": PARSING, "librocksdb": OVERLAY, "libcaf_core": ACTORS}
CRYPTOGRAPHY = ("libcrypto", "libssl")
OF_CRYPTOGRAPHY = {PARSING: TOKENS, SIP: TOKENS, SOCKETS: TLS}  # by who calls it; all others: overlay


def owners(build):
    """Whose each function of the project is, by its mangled name."""
    out = {}
    for library in build.rglob("libringway_*.a"):
        room = library.stem.removeprefix("libringway_")
        owner = ROOMS.get(room, SIP if room.startswith("sip_") else None)
        if owner is None:
            continue
        listing = subprocess.run(["nm", "--defined-only", "--format=posix", library], capture_output=True, text=True,
                                 check=True, timeout=120).stdout
        for line in listing.splitlines():
            words = line.split()
            if len(words) >= 2 and words[1] in "tT":  # what templates make is in every library that uses them
                out[words[0]] = owner
    return out


def owner_of(frames, functions):
    """`frames`: symbol and program file, the innermost first."""
    if frames and frames[0][1].startswith("[kernel"):
        return SYSTEM
    is_cryptography = is_of_security = False
    for symbol, file in frames:
        library = Path(file).name.split(".so", 1)[0]
        if library in CRYPTOGRAPHY:
            is_cryptography = True
            continue
        owner = FOREIGN.get(library) or functions.get(symbol)
        if owner == SECURITY and is_cryptography:
            is_of_security = True
        elif owner is not None:
            if is_cryptography:
                return OF_CRYPTOGRAPHY.get(owner, SIGNATURES)
            return OVERLAY if owner == SECURITY else owner
    if not is_cryptography:
        return OTHER
    return SIGNATURES if is_of_security else TLS


def samples(data):
    command = [PERF, "script", "-i", data, "--no-inline", "--no-demangle", "-F", "ip,sym,dso"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as script:
        frames = []
        for line in script.stdout:
            words = line.split()
            if not words:
                if frames:
                    yield frames
                frames = []
            elif len(words) >= 3:
                frames.append((words[1], words[-1].strip("()")))
        if frames:
            yield frames


class Profile:
    """`with Profile(process) as profile:` while it works; then profile.shares(build)."""

    def __init__(self, pid):
        self.folder = Path(tempfile.mkdtemp(prefix="ringway-perf-"))
        self.data = self.folder / "data"
        self.command = [PERF, "record", "-F", str(SAMPLES_A_SECOND), "--call-graph", f"dwarf,{STACK_BYTES}", "-p",
                        str(pid), "-o", str(self.data)]
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, kind, error, trace):
        self.process.terminate()
        self.process.wait(30)

    def shares(self, build):
        """Per cent of the samples, by row; and how many these are."""
        functions = owners(build)
        counts = collections.Counter(owner_of(frames, functions) for frames in samples(self.data))
        shutil.rmtree(self.folder, ignore_errors=True)
        total = sum(counts.values())
        return {row: 100 * counts[row] / max(total, 1) for row in ROWS}, total
