#!/usr/bin/env python3
"""The floors of the house: what each folder may include, and what the protocol may never touch."""
import re
import unittest
from pathlib import Path

from tree import ROOT, cpp_files

# The ground floor first; a folder includes only folders before it, less those named in NOT_FOR.
FLOORS = ["proto", "reload", "storage", "relay", "net", "sip-usage", "actors", "services", "sim", "tests", "bench"]
RELOAD_FLOORS = ["wire", "link", "discovery", "redir", "security", "stun", "config", "topology", "routing", "data", "peer"]
NOT_FOR = {
    "reload": {"proto"},
    "storage": {"proto"},
    "relay": {"proto", "storage"},
    "net": {"proto", "storage"},
    "sip-usage": {"proto", "storage", "relay", "net"},
    "actors": {"proto"},
    # The simulator runs the protocol without sockets and mailboxes.
    "sim": {"proto", "net", "actors", "services"},
}
# Third-party headers each folder may use, by prefix. A folder that is not here may use any.
THIRD_PARTY = {
    "reload": ["openssl/", "libxml/", "boost/container/", "boost/crc.hpp", "re2/"],
    "storage": ["rocksdb/", "fmt/", "spdlog/"],
    "relay": ["openssl/"],
    "net": ["boost/", "openssl/", "nice/", "glib", "gio/", "fmt/", "spdlog/"],
    "sip-usage": ["osip2/", "osipparser2/", "libxml/"],
    "actors": ["caf/", "openssl/", "fmt/", "spdlog/"],
    "sim": ["openssl/", "fmt/", "spdlog/", "nlohmann/", "CLI/"],
}
PURE = {"reload", "sip-usage", "relay"}  # no I/O, no threads, no clocks, no randomness of their own
PURE_HEADERS = re.compile(
    r"^(thread|mutex|shared_mutex|condition_variable|future|random|ctime|time\.h|semaphore|latch|barrier|stop_token"
    r"|fstream|filesystem|unistd\.h|fcntl\.h|poll\.h|pthread\.h|netdb\.h|signal\.h|csignal|iostream"
    r"|(sys|netinet|arpa|net|linux)/.*|boost/(?!container/|crc\.hpp).*|caf/.*|openssl/(rand|ssl|bio_addr)\.h)$")
PURE_WORDS = re.compile(
    r"\b((system_clock|steady_clock|high_resolution_clock)\s*::\s*now|RAND_(priv_)?bytes|random_device"
    r"|s?rand\s*\(\s*\)|gettimeofday|clock_gettime|getenv|std::time\s*\(|time\s*\(\s*(nullptr|NULL|0)\s*\))")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
GENERATED = re.compile(r"^(ringway|grpc)/.*\.pb\.h$")


def strip_comments(text):
    """Blanks out comments, so that words in them do not count; keeps the lines."""
    keep_lines = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r"//[^\n]*|/\*.*?\*/", keep_lines, text, flags=re.S)


def reload_floor(path):
    """0 for the vocabulary headers of reload/, then one more for each floor; None for an unknown folder."""
    parts = Path(path).parts
    if len(parts) == 2:
        return 0
    return RELOAD_FLOORS.index(parts[1]) + 1 if parts[1] in RELOAD_FLOORS else None


def check_own_include(path, target):
    """What is wrong with `path` including `target`, a path from the root of the tree; empty when nothing is."""
    folder, wanted = path.parts[0], target.split("/")[0]
    if folder not in FLOORS or wanted not in FLOORS:
        return "" if wanted == folder else f"{wanted}/ is no floor of the house"
    if folder == "reload" and wanted == "reload":
        here, there = reload_floor(path), reload_floor(target)
        if here is None or there is None:
            return "a folder of reload/ that tests/project/floors_test.py does not know"
        return "" if there <= here else "a higher floor of reload/"
    if wanted == folder:
        return ""
    if FLOORS.index(wanted) > FLOORS.index(folder):
        return f"{wanted}/ is above {folder}/"
    return f"{wanted}/ is not for {folder}/" if wanted in NOT_FOR.get(folder, ()) else ""


def check_foreign_include(path, target):
    folder = path.parts[0]
    if GENERATED.match(target):
        return check_own_include(path, "proto/" + target)
    if folder in PURE and PURE_HEADERS.match(target):
        return "the protocol has no threads, clocks, files, sockets or randomness of its own"
    library = "/" in target and not target.startswith(("sys/", "netinet/", "arpa/", "net/", "linux/"))
    if library and folder in THIRD_PARTY and not target.startswith(tuple(THIRD_PARTY[folder])):
        return f"not a library for {folder}/"
    return ""


def check_file(path, text, exists=lambda target: (ROOT / target).is_file()):
    """Every broken rule of one file, as "path:line: include or word: why"."""
    found = []
    for number, line in enumerate(strip_comments(text).splitlines(), start=1):
        include = INCLUDE.match(line)
        if include:
            quote, target = include.groups()
            own = quote == '"' and not GENERATED.match(target)
            if own and not exists(target):
                why = "quoted includes are paths from the root of the tree"
            else:
                why = check_own_include(path, target) if own else check_foreign_include(path, target)
            if why:
                found.append(f"{path}:{number}: {target}: {why}")
        elif path.parts[0] in PURE and (word := PURE_WORDS.search(line)):
            found.append(f"{path}:{number}: {word.group()}: clocks and randomness are injected")
    return found


class FloorsTest(unittest.TestCase):
    def test_every_file_keeps_to_its_floor(self):
        files = [path for path in cpp_files() if path.parts[0] in FLOORS]
        found = [line for path in files for line in check_file(path, (ROOT / path).read_text(encoding="utf-8"))]
        self.assertEqual(found, [], "\n" + "\n".join(found))


class RulesTest(unittest.TestCase):
    """The rules themselves: each line below is allowed or is not."""

    def broken(self, path, line):
        return check_file(Path(path), line, exists=lambda target: True)

    def test_allowed(self):
        for path, line in [
            ("reload/data/a.cpp", '#include "reload/wire/header.hpp"'),
            ("reload/data/a.cpp", '#include "reload/ids.hpp"'),
            ("reload/security/a.cpp", "#include <openssl/evp.h>"),
            ("reload/wire/a.cpp", "#include <chrono>"),
            ("reload/wire/a.cpp", "// never calls steady_clock::now"),
            ("storage/a.cpp", '#include "reload/data/value_store.hpp"'),
            ("net/a.cpp", "#include <boost/asio/ip/tcp.hpp>"),
            ("net/a.cpp", "#include <sys/socket.h>"),
            ("services/a.cpp", '#include "ringway/v1/overlay.grpc.pb.h"'),
            ("services/a.cpp", '#include "actors/peer.hpp"'),
            ("sim/a.cpp", '#include "storage/memory_store.hpp"'),
            ("tests/reload/a.cpp", '#include "sim/kernel.hpp"'),
        ]:
            self.assertEqual(self.broken(path, line), [], f"{path}: {line}")

    def test_forbidden(self):
        for path, line in [
            ("reload/wire/a.cpp", '#include "reload/data/api.hpp"'),
            ("reload/ids.hpp", '#include "reload/wire/codec.hpp"'),
            ("reload/data/a.cpp", '#include "storage/store.hpp"'),
            ("reload/data/a.cpp", "#include <thread>"),
            ("reload/data/a.cpp", "#include <random>"),
            ("reload/data/a.cpp", "#include <sys/socket.h>"),
            ("reload/data/a.cpp", "#include <boost/asio.hpp>"),
            ("reload/data/a.cpp", "#include <caf/actor.hpp>"),
            ("reload/data/a.cpp", "#include <nlohmann/json.hpp>"),
            ("reload/data/a.cpp", "auto t = std::chrono::steady_clock::now();"),
            ("reload/data/a.cpp", "auto t = std::chrono::system_clock::now();"),
            ("reload/security/a.cpp", "RAND_bytes(p, 8);"),
            ("storage/a.cpp", '#include "net/link.hpp"'),
            ("net/a.cpp", "#include <caf/actor.hpp>"),
            ("actors/a.cpp", '#include "ringway/v1/overlay.pb.h"'),
            ("sim/a.cpp", '#include "actors/peer.hpp"'),
            ("services/a.cpp", '#include "tests/support/a.hpp"'),
        ]:
            self.assertEqual(len(self.broken(path, line)), 1, f"{path}: {line}")

    def test_quoted_includes_are_paths_from_the_root(self):
        found = check_file(Path("reload/wire/a.cpp"), '#include "header.hpp"', exists=lambda target: False)
        self.assertEqual(len(found), 1)


if __name__ == "__main__":
    unittest.main()
