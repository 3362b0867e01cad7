#include "reload/routing/answer_memory.hpp"

namespace ringway::routing {

void AnswerMemory::erase(const Key& key) {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return;
  size_bytes_ -= found->second.payload.size();
  entries_.erase(found);
}

void AnswerMemory::drop_oldest() {
  erase(order_.front().second);
  order_.pop_front();
}

std::optional<MonoTime> AnswerMemory::expire(MonoTime now) {
  while (!order_.empty() && order_.front().first <= now) drop_oldest();
  if (order_.empty()) return std::nullopt;
  return order_.front().first;
}

const AnswerMemory::Entry* AnswerMemory::find(MonoTime now, const NodeId& signer, TransactionId transaction) {
  expire(now);
  const auto found = entries_.find({signer, transaction});
  return found == entries_.end() ? nullptr : &found->second;
}

void AnswerMemory::remember(MonoTime now, const NodeId& signer, TransactionId transaction,
                            std::uint64_t request) {
  while (order_.size() >= max_entries_) drop_oldest();
  const Key key{signer, transaction};
  entries_[key].request = request;
  order_.emplace_back(now + k_max_request_lifetime, key);
}

void AnswerMemory::answered(const NodeId& signer, TransactionId transaction, SharedBytes payload) {
  const auto found = entries_.find({signer, transaction});
  if (found == entries_.end()) return;
  size_bytes_ += payload.size() - found->second.payload.size();
  found->second.payload = std::move(payload);
  found->second.answered = true;
  while (size_bytes_ > max_bytes_) drop_oldest();
}

void AnswerMemory::forget(const NodeId& signer, TransactionId transaction) { erase({signer, transaction}); }

}  // namespace ringway::routing
