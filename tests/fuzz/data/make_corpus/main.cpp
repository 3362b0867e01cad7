// Writes the seeds of the corpora digest_message and watch_message: one message of each type.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "reload/data/digest_messages.hpp"
#include "reload/data/watch_notice.hpp"
#include "tests/storage/record_samples.hpp"
#include "tests/wire-vectors/known_kinds.hpp"

namespace {

using namespace ringway;
using namespace ringway::data;
namespace fs = std::filesystem;

void write(const fs::path& file, const Bytes& bytes) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text_of(bytes);
  if (!out.flush()) std::fprintf(stderr, "cannot write %s\n", file.c_str());
}

void write_digest_messages(const fs::path& folder) {
  const Span span{storage::point(1), storage::point(9)};
  const RangeDigest digest{5, storage::point(3)};
  ListedKind first{storage::place(2), 3, {{{1, 2}, 1'000, storage::point(4)}, {{1, 3}, 2'000, digest.sum}}};
  ListedKind second{storage::place(7), 1, {{{}, 3'000, storage::point(5)}}};
  write(folder / "digests_wanted", encode(DigestsWanted{1, span, digest}));
  write(folder / "same", encode(Digests{1, {}}));
  write(folder / "digests", encode(Digests{2, std::vector<RangeDigest>(k_digest_parts, digest)}));
  write(folder / "list_wanted", encode(ListWanted{3, span, std::nullopt}));
  write(folder / "list_wanted_behind", encode(ListWanted{4, span, ListPosition{first.at, {1, 2}}}));
  write(folder / "list", encode(List{4, true, {first, second}}));
  write(folder / "not_answered", encode(NotAnswered{5}));
  write(folder / "mend_wanted", encode(MendWanted{first.at.resource}));
  write(folder / "mend_heard", encode(MendHeard{first.at.resource}));
}

Bytes change(KindId kind, wire::StoredData value) {
  ValuesChanged changed{kind, 7, {std::move(value)}, {}};
  changed.certificates.push_back({wire::CertificateType::x509, SharedBytes(Bytes(64, 0x30))});
  return encode_numbered(1, 2, encode_notice({storage::place(2).resource, std::move(changed)}));
}

void write_watch_messages(const fs::path& folder) {
  write(folder / "seen", encode_seen({1, 2}));
  write(folder / "look_again",
        encode_numbered(1, 1, encode_notice({storage::place(2).resource, LookAgain{}})));
  write(folder / "single", change(wire_vectors::k_single_kind, storage::single("value")->stored));
  write(folder / "array", change(wire_vectors::k_array_kind, storage::element(7, "value")->stored));
  write(folder / "dictionary",
        change(wire_vectors::k_dictionary_kind, storage::entry("key", "value")->stored));
  write(folder / "removed", change(wire_vectors::k_single_kind, storage::tombstone()->stored));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: channel_corpus <folder of the corpora>\n");
    return 1;
  }
  write_digest_messages(fs::path(argv[1]) / "digest_message");
  write_watch_messages(fs::path(argv[1]) / "watch_message");
  return 0;
}
