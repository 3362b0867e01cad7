#include "net/link_hub.hpp"

#include <algorithm>
#include <utility>

#include "net/link_connection.hpp"

namespace ringway::net {

LinkHub::LinkHub(LinkSettings settings, HandshakeMeans means, security::TrustPtr trust,
                 std::shared_ptr<LinkEvents> events)
    : link_slots(settings.max_links),
      handshake_slots(settings.max_handshakes),
      send_queues(
          std::make_shared<ByteBudget>(settings.max_send_queues_bytes, settings.free_send_queue_bytes)),
      settings_(std::move(settings)),
      max_sent_bytes_(settings_.max_message_size_bytes),
      max_received_bytes_(settings_.max_message_size_bytes),
      means_(std::move(means)),
      trust_(std::move(trust)),
      events_(std::move(events)) {}

HandshakeMeans LinkHub::means() const {
  const std::lock_guard lock(mutex_);
  return means_;
}

void LinkHub::replace_means(HandshakeMeans means) {
  const std::lock_guard lock(mutex_);
  means_ = std::move(means);
}

security::TrustPtr LinkHub::trust() const {
  const std::lock_guard lock(mutex_);
  return trust_;
}

void LinkHub::replace_trust(security::TrustPtr trust) {
  const std::lock_guard lock(mutex_);
  trust_ = std::move(trust);
}

void LinkHub::replace_max_message_size(std::size_t size_bytes) {
  const std::size_t before = max_sent_bytes_.exchange(size_bytes);
  if (before != size_bytes) max_received_bytes_ = std::max(before, size_bytes);
}

void LinkHub::close_events() {
  const std::unique_lock lock(events_mutex_);
  events_.reset();
}

bool LinkHub::enter(const std::shared_ptr<Stoppable>& one) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  entered_.emplace(one.get(), one);
  return true;
}

void LinkHub::leave(const Stoppable* one) {
  const std::lock_guard lock(mutex_);
  entered_.erase(one);
  someone_left_.notify_all();
}

void LinkHub::stop_all() {
  std::vector<std::shared_ptr<Stoppable>> everyone;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [key, one] : entered_)
      if (auto alive = one.lock()) everyone.push_back(std::move(alive));
  }
  for (const auto& one : everyone) one->stop();
}

bool LinkHub::wait_until_empty(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return someone_left_.wait_for(lock, at_most, [this] { return entered_.empty(); });
}

void LinkHub::add_link(link::LinkId id, std::shared_ptr<LinkConnection> link) {
  const std::lock_guard lock(mutex_);
  links_.emplace(id, std::move(link));
}

void LinkHub::remove_link(link::LinkId id) {
  const std::lock_guard lock(mutex_);
  links_.erase(id);
}

std::shared_ptr<LinkConnection> LinkHub::find_link(link::LinkId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<LinkConnection>> LinkHub::all_links() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<LinkConnection>> all;
  all.reserve(links_.size());
  for (const auto& [id, link] : links_) all.push_back(link);
  return all;
}

LinkCounters LinkHub::read_counters() const {
  LinkCounters out;
  {
    const std::lock_guard lock(mutex_);
    out.links = links_.size();
  }
  out.handshakes_failed = counters_.handshakes_failed;
  out.messages_in = counters_.messages_in;
  out.messages_out = counters_.messages_out;
  out.bytes_in = counters_.bytes_in;
  out.bytes_out = counters_.bytes_out;
  out.refused_full_queue = counters_.refused_full_queue;
  out.refused_links = counters_.refused_links;
  out.refused_too_large = counters_.refused_too_large;
  return out;
}

}  // namespace ringway::net
