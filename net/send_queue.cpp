#include "net/send_queue.hpp"

#include <algorithm>
#include <utility>

namespace ringway::net {

SendQueue::Pushed SendQueue::push(Outgoing message) {
  const std::size_t size = message.size_bytes();
  const std::lock_guard lock(mutex_);
  if (closed_) return Pushed::refused_closed;
  if (size > max_bytes_ - bytes_) return Pushed::refused_full;
  if (bytes_ + size > of_all_->free_bytes_per_queue()) {
    if (!of_all_->take(size)) return Pushed::refused_full;
    borrowed_ += size;
  }
  waiting_.push_back(std::move(message));
  bytes_ += size;
  return std::exchange(strand_comes_, true) ? Pushed::queued : Pushed::queued_wake;
}

void SendQueue::take(const Limits& limits, std::vector<Outgoing>& out) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) strand_comes_ = false;
  std::size_t taken_bytes = 0;
  for (std::size_t taken = 0; taken < limits.messages && !waiting_.empty(); ++taken) {
    const std::size_t size = waiting_.front().size_bytes();
    taken_bytes += size + limits.overhead_bytes;
    const bool fits = taken_bytes <= limits.bytes;
    if (!fits && !(taken == 0 && limits.at_least_one)) return;
    bytes_ -= size;
    const std::size_t given_back = std::min(size, borrowed_);
    borrowed_ -= given_back;
    of_all_->give_back(given_back);
    out.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
}

void SendQueue::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

std::size_t SendQueue::queued_bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

bool SendQueue::empty() const {
  const std::lock_guard lock(mutex_);
  return waiting_.empty();
}

}  // namespace ringway::net
