// What an application asks of its peer, and what it gets: the calls behind the gRPC API (services/), without
// gRPC.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_resource_name_bytes = 1024;
inline constexpr std::size_t k_max_user_name_bytes = 320;  // 64 before the @, 255 behind it (RFC 5321)
inline constexpr std::size_t k_max_batch_calls = 1024;
inline constexpr std::uint32_t k_default_lifetime_s = 24 * 3600;

// A key is a resource name: "user@domain/anything" (written by that user only; `entry` picks one of the
// dictionary's entries, empty is the usual one) or "shared/anything" (one entry per writer; `entry` must be
// empty). With a `kind` the key is that Kind's resource name itself: of USER-NODE-MATCH, such as
// SIP-REGISTRATION, the writer's user name; of NODE-ID-MATCH that of a tree node (RFC 7374 §6); of
// WATCHER-MATCH a name of the forms above, where anybody may
// write. Both have one entry per node (`entry` must be empty).
struct PutCall {
  std::string key;
  std::string entry;
  Bytes value;
  std::uint32_t lifetime_s = k_default_lifetime_s;
  std::optional<std::uint64_t> expected_generation;  // compare-and-swap; unset: whatever is there
  std::string as_user = {};  // who writes: a user whose credentials this peer holds; empty: the peer's own
  // This peer puts the value again before its lifetime ends, also after a restart, until it is removed or put
  // again without.
  bool keep = false;
  KindId kind = 0;  // see above; 0: as the key's form says
};
// How many of those that hold a key are asked (reload/data/careful_read.hpp).
enum class Consistency : std::uint8_t {
  one,       // the responsible peer
  quorum,    // it and its replicas, by Node-ID; the newest valid value wins, and who has an older one gets it
  disjoint,  // along several first hops that have no hop in common, so that no single peer can hide a value
};
struct GetCall {
  std::string key;
  std::optional<std::string> entry;  // unset: all; with a `kind` a node's, by the 16 octets of its Node-ID
  Consistency consistency = Consistency::one;
  KindId kind = 0;  // as of a PutCall
};
struct RemoveCall {
  std::string key;
  std::string entry;
  std::optional<std::uint64_t> expected_generation;
  std::string as_user = {};  // as of a PutCall
  KindId kind = 0;           // as of a PutCall
};
struct StatCall {
  std::string key;
};
using Call = std::variant<PutCall, GetCall, RemoveCall, StatCall>;

enum class CallError {
  invalid_argument,     // the key, entry, value or lifetime is not acceptable
  not_found,            // nothing is stored there, or this peer has no credentials of as_user
  permission_denied,    // Error_Forbidden
  aborted,              // the generation differs (compare-and-swap); `generation` is the present one
  resource_exhausted,   // Error_Data_Too_Large, or a bound of this peer
  failed_precondition,  // Error_Data_Too_Old, Unknown_Kind, configuration mismatch
  unavailable,          // not joined, no route
  deadline_exceeded,
  data_loss,  // every answer failed its signature check
  internal,
};
struct CallFailure {
  CallError error = CallError::internal;
  std::string message;  // says what to do
  std::uint64_t generation = 0;
};

struct PutResult {
  std::uint64_t generation = 0;
  std::uint32_t copies = 0;         // peers that have it on disk, the responsible one included
  std::uint32_t copies_wanted = 0;  // 1 + replicas of the configuration
  std::vector<NodeId> replicas;     // without the responsible peer
  std::uint64_t storage_time_ms = 0;
};
struct Entry {
  std::string entry;  // owner keys: the entry; shared keys: empty
  Bytes value;
  std::string writer;  // user name of the signer's certificate
  NodeId writer_node;
  std::uint64_t storage_time_ms = 0;
  std::uint32_t lifetime_s = 0;  // remaining
  // An answer before this one held something newer, which was never acknowledged and is lost, has expired, or
  // is hidden by the holder (RFC 6940 §13.5.3).
  bool rolled_back = false;
};
struct GetResult {
  std::uint64_t generation = 0;
  std::vector<Entry> entries;   // each one's signature and writer checked
  std::uint32_t discarded = 0;  // entries whose signature or writer was wrong
};
struct StatEntry {
  std::string entry;
  NodeId writer_node;  // shared keys
  std::uint32_t size_bytes = 0;
  std::uint64_t storage_time_ms = 0;
  std::uint32_t lifetime_s = 0;
};
struct StatResult {
  std::uint64_t generation = 0;
  std::vector<StatEntry> entries;
};
using CallResult = std::variant<PutResult, GetResult, StatResult, CallFailure>;  // Remove answers a PutResult

struct WatchCall {
  std::string key;
  std::optional<std::string> entry;  // unset: all entries
  std::string resume_token = {};     // of the last event that was seen: nothing that came since is missed
};
// What is stored at a watched key now.
struct WatchUpdate {
  GetResult state;         // without entries when nothing is stored there
  bool compacted = false;  // changes between the last event and this one are not told one by one
  std::string resume_token;
};
using WatchResult = std::variant<WatchUpdate, CallFailure>;

}  // namespace ringway::data
