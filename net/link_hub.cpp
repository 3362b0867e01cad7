#include "net/link_hub.hpp"

#include <algorithm>
#include <utility>

#include "net/link.hpp"

namespace ringway::net {

LinkHub::LinkHub(LinkSettings settings, HandshakeMeans means, security::TrustPtr trust,
                 std::shared_ptr<LinkEvents> listener)
    : events(std::move(listener)),
      link_slots(settings.max_links),
      handshake_slots(settings.max_handshakes),
      send_queues(
          std::make_shared<ByteBudget>(settings.max_send_queues_bytes, settings.free_send_queue_bytes)),
      settings_(std::move(settings)),
      max_sent_bytes_(settings_.max_message_size_bytes),
      max_received_bytes_(settings_.max_message_size_bytes),
      means_(std::move(means)),
      trust_(std::move(trust)) {}

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

void LinkHub::add_link(link::LinkId id, std::shared_ptr<Link> link) {
  const std::lock_guard lock(mutex_);
  links_.emplace(id, std::move(link));
}

void LinkHub::remove_link(link::LinkId id) {
  const std::lock_guard lock(mutex_);
  links_.erase(id);
}

std::shared_ptr<Link> LinkHub::find_link(link::LinkId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = links_.find(id);
  return found == links_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<Link>> LinkHub::all_links() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Link>> all;
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
