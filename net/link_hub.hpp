// What the links of one peer share: settings, whom they trust, the bounds, the table of links, the way to
// whoever listens to their events, and how they all end. No sockets here.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "net/event_gate.hpp"
#include "net/handshake_host.hpp"
#include "net/send_queue.hpp"
#include "net/slots.hpp"
#include "net/stoppables.hpp"
#include "net/tls_links.hpp"

namespace ringway::net {

class Link;

class LinkHub : public HandshakeHost {
 public:
  LinkHub(LinkSettings settings, HandshakeMeans means, security::TrustPtr trust,
          std::shared_ptr<LinkEvents> listener);

  const LinkSettings& settings() const { return settings_; }
  HandshakeMeans means() const override;
  void replace_means(HandshakeMeans means);
  security::TrustPtr trust() const override;
  void replace_trust(security::TrustPtr trust);
  Duration handshake_timeout() const override { return settings_.handshake_timeout; }
  Stoppables& sockets() override { return stoppables; }
  void note_failed_handshake() override { ++counters_.handshakes_failed; }

  // The size of messages, by the present configuration document; to be received also by the one before it.
  std::size_t max_sent_bytes() const { return max_sent_bytes_; }
  std::size_t max_received_bytes() const { return max_received_bytes_; }
  void replace_max_message_size(std::size_t size_bytes);

  EventGate<LinkEvents> events;
  Stoppables stoppables;  // the listener, attempts, handshakes, links

  link::LinkId new_link_id() { return {last_link_.fetch_add(1) + 1}; }
  void add_link(link::LinkId id, std::shared_ptr<Link> link);
  void remove_link(link::LinkId id);
  std::shared_ptr<Link> find_link(link::LinkId id) const;
  std::vector<std::shared_ptr<Link>> all_links() const;

  struct Counters {
    std::atomic<std::uint64_t> handshakes_failed{0}, messages_in{0}, messages_out{0}, bytes_in{0},
        bytes_out{0}, refused_full_queue{0}, refused_links{0}, refused_too_large{0};
  };
  Counters& counters() { return counters_; }
  LinkCounters read_counters() const;

  Slots link_slots;
  Slots handshake_slots;
  const std::shared_ptr<ByteBudget> send_queues;

 private:
  const LinkSettings settings_;
  std::atomic<std::size_t> max_sent_bytes_;
  std::atomic<std::size_t> max_received_bytes_;

  mutable std::mutex mutex_;  // of the next three
  HandshakeMeans means_;
  security::TrustPtr trust_;
  std::unordered_map<link::LinkId, std::shared_ptr<Link>> links_;

  std::atomic<std::uint64_t> last_link_{0};
  Counters counters_;
};

}  // namespace ringway::net
