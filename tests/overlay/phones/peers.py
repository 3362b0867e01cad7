"""What peers are told so that they serve phones, where they do, and who is responsible for a user's registration."""
import hashlib
import shutil
import subprocess
from pathlib import Path

from support import PROGRAMS
from local_overlay import PHONES_ON_LOOPBACK, Overlay


def phone_overlay(count, trusts_loopback=True, devices=()):
    """An overlay with credentials, not started, whose peers serve phones by UDP and TCP. For each pair of indices in
    `devices` the second peer is another device of the first one's user."""
    overlay = Overlay(count, PROGRAMS, options=PHONES_ON_LOOPBACK if trusts_loopback else PHONES_ON_LOOPBACK[:-1])
    for first, second in devices:
        overlay.peers[second].user = overlay.peers[first].user
    others = {second for _, second in devices}
    overlay.enrol([])
    # `ringway-enrolld issue` makes no second node of a name that it has given, as an enrollment server does: so a copy
    # of the authority that has given none.
    authority, copy = overlay.folder / "authority", overlay.folder / "authority-of-others"
    shutil.copytree(authority, copy)
    overlay.enrol([peer for peer in overlay.peers if peer.index not in others])
    for index in others:
        peer = overlay.peers[index]
        overlay.enrolld("issue", "--dir", copy, "--user", peer.user, "--out", peer.folder / "credentials")
    return overlay


def aor(peer):
    return f"sip:{peer.user}"


def responsible_peer(overlay, user):
    """Of the running peers the one whose Node-ID is the first at or after the user's Resource-ID (RFC 7904 §7,
    RFC 6940 §10.2, §10.3)."""
    resource = hashlib.sha1(user.encode()).hexdigest()[:32]
    ring = overlay.in_ring_order()
    return next((peer for peer in ring if peer.node >= resource), ring[0])


def write_passwords(path, overlay_name, passwords):
    """A file for --sip-passwords, as htdigest writes it: of user names without the domain."""
    lines = [f"{name}:{overlay_name}:{hashlib.md5(f'{name}:{overlay_name}:{password}'.encode()).hexdigest()}"
             for name, password in passwords.items()]
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o600)
    return path


def make_certificate(folder):
    """A self-signed certificate for 127.0.0.1; answers the paths of certificate and key, and the SHA-256 of its
    SubjectPublicKeyInfo, base64."""
    certificate, key = Path(folder) / "sip.pem", Path(folder) / "sip.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
    public = subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True,
                            capture_output=True, timeout=30).stdout
    digest = subprocess.run(["openssl", "base64", "-A"], input=hashlib.sha256(public).digest(), check=True,
                            capture_output=True, timeout=30).stdout
    return certificate, key, digest.decode()


def add_user(overlay, peer, name, domain=None):
    """Gives this peer the credentials of a further user, before it starts; answers the user's address."""
    users = peer.folder / "users"
    if not users.exists():
        peer.options += ["--user-credentials", users]
    user = f"{name}@{domain or overlay.name}"
    overlay.enrolld("issue", "--dir", overlay.folder / "authority", "--user", user, "--out", users / name)
    return f"sip:{user}"
