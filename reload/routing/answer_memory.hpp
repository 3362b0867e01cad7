// Duplicate suppression (RFC 6940 §6.2.1): a request seen again within its lifetime gets the same answer
// again, without being carried out twice.
#pragma once

#include <cstdint>
#include <list>
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
  AnswerMemory(std::size_t max_entries, std::size_t max_bytes)
      : max_entries_(max_entries), max_bytes_(max_bytes) {}

  struct Entry {
    std::uint64_t request = 0;  // the one that is (or was) carried out
    SharedBytes payload;        // of the answer; empty while under way
    bool answered = false;
  };
  // The entry of this request if it was seen before.
  const Entry* find(MonoTime now, const NodeId& signer, TransactionId transaction);
  void remember(MonoTime now, const NodeId& signer, TransactionId transaction, std::uint64_t request);
  // The oldest are forgotten when there are too many, or too many bytes of their answers.
  void answered(const NodeId& signer, TransactionId transaction, SharedBytes payload);
  // For what may as well be carried out twice.
  void forget(const NodeId& signer, TransactionId transaction);
  // Forgets what is too old to be repeated; when the next one will be, if there is one.
  std::optional<MonoTime> expire(MonoTime now);
  std::size_t size() const { return entries_.size(); }
  std::size_t size_bytes() const { return size_bytes_; }

 private:
  using Key = std::pair<NodeId, TransactionId>;
  void drop_oldest();
  void erase(const Key& key);

  std::size_t max_entries_;
  std::size_t max_bytes_;
  std::size_t size_bytes_ = 0;
  std::map<Key, Entry> entries_;
  std::list<std::pair<MonoTime, Key>> order_;
};

}  // namespace ringway::routing
