#include "actors/credit_ledger.hpp"

namespace ringway::actors {

void CreditLedger::begin_message(link::LinkId link) {
  current_ = link;
  at_message_ = true;
  current_waits_ = false;
}

void CreditLedger::inspecting(std::uint64_t ticket) {
  // One credit per message, even if it led to several inspections; those of our own messages owe nobody.
  if (!at_message_ || current_waits_) return;
  current_waits_ = true;
  by_ticket_.emplace(ticket, current_);
}

void CreditLedger::end_message() {
  if (!current_waits_) ++due_[current_];
  at_message_ = false;
}

void CreditLedger::verdict_handled(std::uint64_t ticket) {
  const auto found = by_ticket_.find(ticket);
  if (found == by_ticket_.end()) return;
  ++due_[found->second];
  by_ticket_.erase(found);
}

void CreditLedger::pay(const std::function<void(link::LinkId, std::size_t)>& give_back) {
  for (const auto& [link, messages] : due_) give_back(link, messages);
  due_.clear();
}

}  // namespace ringway::actors
