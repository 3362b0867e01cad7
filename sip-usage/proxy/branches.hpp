// The branch parameters of the proxy's own Vias (RFC 3261 §16.6 step 8 as RFC 5393 §4.2.1 has it): a part
// that is unique, a part that says what the request asked for when it came, by which a loop is told from a
// spiral, and a part by which the proxy knows its own.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "sip-usage/message/message.hpp"

namespace ringway::sip::proxy {

class Branches {
 public:
  explicit Branches(Bytes key) : key_(std::move(key)) {}

  // All that decides where a request goes, of the request as it was received: the middle part.
  std::string asked_for(const Message& request) const;
  std::string make(std::string_view asked, std::uint64_t unique) const;  // `unique` is random
  // For a request that is forwarded without a transaction: the same one for its repetitions (§16.11).
  std::string make_stateless(const Message& request) const;
  // Has the request been here before, asking for the same (RFC 5393 §4.2.2)?
  bool is_looping(const Message& request) const;

 private:
  std::string written(std::string_view unique, std::string_view asked) const;
  std::string hash(std::string_view purpose, std::string_view text) const;

  Bytes key_;
};

}  // namespace ringway::sip::proxy
