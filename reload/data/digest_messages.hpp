// What two peers say on the channel Application::replication (docs/extensions.md): one asks what the other
// holds in a range, first as digests and then as lists, and learns where the two differ.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "reload/data/ring_digest.hpp"
#include "reload/result.hpp"

namespace ringway::data {

// Asks for the digests of the span's parts. `own` is the asker's digest of the whole span.
struct DigestsWanted {
  std::uint64_t number = 0;  // the asker's; the answer repeats it
  Span span;
  RangeDigest own;
  bool operator==(const DigestsWanted&) const = default;
};
struct Digests {
  std::uint64_t number = 0;
  std::vector<RangeDigest> parts;  // as split() has them; none: the whole is the same as the asker's
  bool operator==(const Digests&) const = default;
};
// Asks for the items of the span, from the beginning or behind what was told last.
struct ListWanted {
  std::uint64_t number = 0;
  Span span;
  std::optional<ListPosition> behind;
  bool operator==(const ListWanted&) const = default;
};
struct List {
  std::uint64_t number = 0;
  bool complete = false;
  Listing kinds;
  bool operator==(const List&) const = default;
};
// No answer: the asker is no neighbour, or the store cannot be read.
struct NotAnswered {
  std::uint64_t number = 0;
  bool operator==(const NotAnswered&) const = default;
};
// A reader has seen holders of this resource disagree: the receiver, who is responsible, is to compare it
// with its replicas. Heard says that it has come.
struct MendWanted {
  ResourceId resource;
  bool operator==(const MendWanted&) const = default;
};
struct MendHeard {
  ResourceId resource;
  bool operator==(const MendHeard&) const = default;
};
using DigestMessage =
    std::variant<DigestsWanted, Digests, ListWanted, List, NotAnswered, MendWanted, MendHeard>;

Bytes encode(const DigestMessage& message);
// A failure for anything that is not exactly one message, or that no honest peer would say: another number of
// parts, lists that are not in order.
Result<DigestMessage> decode_digest_message(SharedBytes bytes);

}  // namespace ringway::data
