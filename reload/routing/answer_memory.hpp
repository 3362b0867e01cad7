// Duplicate suppression (RFC 6940 §6.2.1): a request seen again within its lifetime gets the same answer
// again, without being carried out twice.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::routing {

inline constexpr Duration k_max_request_lifetime{15'000};  // RFC 6940 §6.2.1

class AnswerMemory {
 public:
  explicit AnswerMemory(std::size_t max_entries) : max_entries_(max_entries) {}

  struct Entry {
    std::uint64_t request = 0;  // the one that is (or was) carried out
    SharedBytes payload;        // of the answer; empty while under way
    bool answered = false;
  };
  // The entry of this request if it was seen before; else remembers it as `request` and answers nothing.
  Entry* seen(MonoTime now, const NodeId& signer, TransactionId transaction, std::uint64_t request);
  void answered(const NodeId& signer, TransactionId transaction, SharedBytes payload);
  std::size_t size() const { return entries_.size(); }

 private:
  using Key = std::pair<NodeId, TransactionId>;
  void expire(MonoTime now);

  std::size_t max_entries_;
  std::map<Key, Entry> entries_;
  std::deque<std::pair<MonoTime, Key>> order_;
};

}  // namespace ringway::routing
