// What this peer's users have put and what would outlive the certificate that it is signed with, so that it
// can be signed with the next one in time (RFC 6940 §7.1, SEC-17, SEC-38). Bounded: the oldest are forgotten
// first. Kept over a restart as facts of the store, one for each value.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
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
  auto operator<=>(const WrittenName&) const = default;
};
inline WrittenName name_of(const PutCall& call) { return {call.key, call.entry, call.as_user}; }

struct WrittenValue {
  PutCall call;
  std::uint64_t storage_time_ms = 0;
  WallMs expires_ms = 0;
  Bytes certificate_sha256;  // of whom it is signed with
  MonoTime not_before;       // an attempt to sign it again has failed
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
  void postpone(const WrittenName& name, MonoTime until);
  // The SHA-256 of a user's present certificate; empty when there is none: what he has put stays as it is.
  using CertificateOf = std::function<BytesView(const std::string& as_user)>;
  // So many that are signed with another certificate; each is told once until it is remembered or postponed.
  std::vector<WrittenValue> take_others(const Now& now, const CertificateOf& present, std::size_t most);
  // Some are signed with another certificate, or are just being signed again.
  bool any_others(const CertificateOf& present) const;
  // What is to be written to the store since the last time.
  WriteBatch take_changes() { return std::exchange(changes_, {}); }
  std::size_t size() const { return values_.size(); }

 private:
  struct Place {
    WrittenValue value;
    bool taken = false;
    std::list<WrittenName>::iterator age;
  };
  void insert(WrittenValue value);
  void erase(std::map<WrittenName, Place>::iterator found);
  static bool is_other(const WrittenValue& value, const CertificateOf& present);

  std::size_t max_values_;
  std::size_t max_bytes_;
  std::size_t size_bytes_ = 0;
  std::map<WrittenName, Place> values_;
  std::list<WrittenName> ages_;  // oldest first
  WriteBatch changes_;
};

}  // namespace ringway::data
