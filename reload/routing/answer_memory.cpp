#include "reload/routing/answer_memory.hpp"

namespace ringway::routing {

void AnswerMemory::expire(MonoTime now) {
  while (!order_.empty() && (order_.front().first <= now || order_.size() > max_entries_)) {
    entries_.erase(order_.front().second);
    order_.pop_front();
  }
}

AnswerMemory::Entry* AnswerMemory::seen(MonoTime now, const NodeId& signer, TransactionId transaction,
                                        std::uint64_t request) {
  expire(now);
  const Key key{signer, transaction};
  const auto [at, fresh] = entries_.try_emplace(key);
  if (!fresh) return &at->second;
  at->second.request = request;
  order_.emplace_back(now + k_max_request_lifetime, key);
  return nullptr;
}

void AnswerMemory::answered(const NodeId& signer, TransactionId transaction, SharedBytes payload) {
  const auto found = entries_.find({signer, transaction});
  if (found == entries_.end()) return;
  found->second.payload = std::move(payload);
  found->second.answered = true;
}

}  // namespace ringway::routing
