#include "reload/routing/inspection_queue.hpp"

#include <algorithm>

namespace ringway::routing {

std::uint64_t InspectionQueue::add(LinkId link, const NodeId& arrived_from, const SharedBytes& bytes) {
  auto& queue = links_[link];
  if (queue.size() >= max_per_link_) return 0;
  const std::uint64_t ticket = next_ticket_++;
  link_of_[ticket] = link;
  queue.push_back({ticket, {link, arrived_from, bytes, nullptr}});
  return ticket;
}

std::vector<InspectionQueue::Ready> InspectionQueue::settle(
    std::uint64_t ticket, std::shared_ptr<Result<security::InspectedMessage>> verdict) {
  std::vector<Ready> ready;
  const auto named = link_of_.find(ticket);
  if (named == link_of_.end()) return ready;
  const auto found = links_.find(named->second);
  link_of_.erase(named);
  if (found == links_.end()) return ready;  // the link went down meanwhile
  auto& queue = found->second;
  const auto waiting = std::lower_bound(queue.begin(), queue.end(), ticket,
                                        [](const Waiting& w, std::uint64_t t) { return w.ticket < t; });
  if (waiting != queue.end() && waiting->ticket == ticket) waiting->ready.verdict = std::move(verdict);
  while (!queue.empty() && queue.front().ready.verdict != nullptr) {
    ready.push_back(std::move(queue.front().ready));
    queue.pop_front();
  }
  if (queue.empty()) links_.erase(found);
  return ready;
}

}  // namespace ringway::routing
