// What this peer's user has put and what is still alive, so that it can be signed with the next certificate
// before the present one ends (RFC 6940 §7.1, SEC-17, SEC-38). Bounded: the oldest are forgotten first.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/data/api.hpp"
#include "reload/time.hpp"

namespace ringway::data {

struct WrittenValue {
  PutCall call;
  std::uint64_t storage_time_ms = 0;
  WallMs expires_ms = 0;
  Bytes certificate_sha256;  // of whom it is signed with
  MonoTime not_before;       // an attempt to sign it again has failed
};

class WrittenValues {
 public:
  WrittenValues(std::size_t max_values, std::size_t max_bytes)
      : max_values_(max_values), max_bytes_(max_bytes) {}

  void remember(WrittenValue value);
  void forget(const std::string& key, const std::string& entry);
  void postpone(const std::string& key, const std::string& entry, MonoTime until);
  // So many that are signed with another certificate; each is told once until it is remembered or postponed.
  std::vector<WrittenValue> take_others(const Now& now, BytesView certificate_sha256, std::size_t most);
  // Some are signed with another certificate, or are just being signed again.
  bool any_others(BytesView certificate_sha256) const;
  std::size_t size() const { return values_.size(); }

 private:
  using Name = std::pair<std::string, std::string>;
  struct Place {
    WrittenValue value;
    bool taken = false;
    std::list<Name>::iterator age;
  };
  void erase(std::map<Name, Place>::iterator found);

  std::size_t max_values_;
  std::size_t max_bytes_;
  std::size_t size_bytes_ = 0;
  std::map<Name, Place> values_;
  std::list<Name> ages_;  // oldest first
};

}  // namespace ringway::data
