// What this peer's users have put and what would outlive the certificate that it is signed with, so that it
// can be signed with the next one in time (RFC 6940 §7.1, SEC-17, SEC-38); and what is to be kept, that is
// put again before its lifetime ends. Bounded: the oldest are forgotten first; what is to be kept is not
// forgotten, so there may be only so much of it. Kept over a restart as facts of the store, one for each
// value.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/data/api.hpp"
#include "reload/data/value_store.hpp"
#include "reload/time.hpp"

namespace ringway::data {

// One writer's entry of a key.
struct WrittenName {
  std::string key;
  std::string entry;
  std::string as_user;  // as in the call
  KindId kind = 0;
  auto operator<=>(const WrittenName&) const = default;
};
inline WrittenName name_of(const PutCall& call) { return {call.key, call.entry, call.as_user, call.kind}; }
inline WrittenName name_of(const RemoveCall& call) { return {call.key, call.entry, call.as_user, call.kind}; }

struct WrittenValue {
  PutCall call;
  std::uint64_t storage_time_ms = 0;
  WallMs expires_ms = 0;
  Bytes certificate_sha256;    // of whom it is signed with
  MonoTime not_before;         // an attempt to sign it again has failed
  std::uint64_t noted_ms = 0;  // attempts may have signed it again with times up to this; 0: the first only

  // Of one to be kept: half of its lifetime is over.
  WallMs refresh_ms() const { return expires_ms - WallMs{call.lifetime_s} * 500; }
  // What is stored with a time up to this may be ours: the first attempt is not noted.
  std::uint64_t newest_own_ms() const { return std::max(storage_time_ms + 1, noted_ms); }
};

// Facts of written values have names that begin so.
inline constexpr const char* k_written_fact = "put/";
PutFact fact_of(const WrittenValue& value);
// Fails when it was not made by fact_of().
Result<WrittenValue> written_value_of(const PutFact& fact);

class WrittenValues {
 public:
  WrittenValues(std::size_t max_values, std::size_t max_bytes)
      : max_values_(max_values), max_bytes_(max_bytes) {}

  // What was kept before a restart; a failure is a broken store.
  Outcome<> load(const ValueStore& store);
  void remember(WrittenValue value);
  void forget(const WrittenName& name);
  // Nothing when it is not remembered; valid until the next change.
  const WrittenValue* find(const WrittenName& name) const;
  // It is about to be signed again with that time. To be durable before that is sent: whoever starts after a
  // kill must know its own value again.
  void note(const WrittenName& name, std::uint64_t storage_time_ms);
  // What was stored at that time could not be signed again.
  void postpone(const WrittenName& name, std::uint64_t storage_time_ms, MonoTime until);
  // The SHA-256 of a user's present certificate; empty when there is none: what he has put stays as it is.
  using CertificateOf = std::function<BytesView(const std::string& as_user)>;
  // So many that are signed with another certificate, or are to be put again by now; each is told once until
  // it is remembered or postponed.
  std::vector<WrittenValue> take_due(const Now& now, const CertificateOf& present, std::size_t most);
  // Some are signed with another certificate, or are just being signed again.
  bool any_others(const CertificateOf& present) const;
  // When the next one is to be put again; nothing: there is none, or all such are just being put.
  std::optional<WallMs> next_refresh_ms() const;
  // Room for one more to be kept, of that size, or for another value in its place.
  bool may_keep(const PutCall& call) const;
  // What is to be written to the store since the last time.
  WriteBatch take_changes() { return std::exchange(changes_, {}); }
  std::size_t size() const { return values_.size(); }
  std::size_t kept() const { return kept_; }

 private:
  struct Place {
    WrittenValue value;
    bool taken = false;
    std::list<WrittenName>::iterator age;  // ages_.end(): to be kept
  };
  void insert(WrittenValue value);
  void erase(std::map<WrittenName, Place>::iterator found);
  void set_taken(std::map<WrittenName, Place>::iterator found, bool taken);
  static bool is_other(const WrittenValue& value, const CertificateOf& present);

  std::size_t max_values_;
  std::size_t max_bytes_;
  std::size_t size_bytes_ = 0;
  std::map<WrittenName, Place> values_;
  std::list<WrittenName> ages_;  // oldest first
  std::set<std::pair<WallMs, WrittenName>> refreshes_;
  std::size_t kept_ = 0;
  std::size_t kept_bytes_ = 0;
  WriteBatch changes_;
};

}  // namespace ringway::data
