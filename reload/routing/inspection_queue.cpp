#include "reload/routing/inspection_queue.hpp"

#include <algorithm>

namespace ringway::routing {

std::uint64_t InspectionQueue::add(LinkId link, const NodeId& arrived_from, const SharedBytes& bytes,
                                   bool outlives_link) {
  if (size_bytes_ + bytes.size() > max_bytes_) return 0;
  auto& queue = links_[link];
  if (queue.size() >= max_per_link_) return 0;
  const std::uint64_t ticket = next_ticket_++;
  tickets_[ticket] = {link, bytes.size()};
  size_bytes_ += bytes.size();
  queue.push_back({ticket, {link, arrived_from, bytes, nullptr}, outlives_link});
  return ticket;
}

std::vector<InspectionQueue::Ready> InspectionQueue::settle(
    std::uint64_t ticket, std::shared_ptr<Result<security::InspectedMessage>> verdict) {
  std::vector<Ready> ready;
  const auto named = tickets_.find(ticket);
  if (named == tickets_.end()) return ready;
  size_bytes_ -= named->second.size_bytes;
  const auto found = links_.find(named->second.link);
  tickets_.erase(named);
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

void InspectionQueue::drop_link(LinkId link) {
  const auto found = links_.find(link);
  if (found == links_.end()) return;
  std::erase_if(found->second, [](const Waiting& one) { return !one.outlives_link; });
  if (found->second.empty()) links_.erase(found);
}

}  // namespace ringway::routing
