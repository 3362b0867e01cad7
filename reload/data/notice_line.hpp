// What one watcher is still to be told, in order, each until it has said that it has it. Bounded: when too
// much waits, what was not sent yet is thrown away for one LookAgain per resource. Knows nothing of channels
// but that one is up.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/data/subscriptions.hpp"
#include "reload/data/watch_notice.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::data {

// Beyond, what was not sent becomes hints.
inline constexpr std::size_t k_max_notices_of_watcher = 64;
inline constexpr std::size_t k_max_notice_bytes_of_watcher = 256U << 10;
// Sent and not yet acknowledged.
inline constexpr std::size_t k_notice_window = 16;
// With hints: one for each subscription, behind what was sent.
inline constexpr std::size_t k_max_waiting_of_watcher = k_max_subscriptions_of_node + k_notice_window;
inline constexpr std::size_t k_max_hint_bytes = 32;
inline constexpr std::size_t k_max_waiting_bytes_of_watcher =
    k_max_notice_bytes_of_watcher + k_max_waiting_of_watcher * k_max_hint_bytes;

class NoticeLine {
 public:
  explicit NoticeLine(std::uint64_t session) : session_(session) {}

  // `encoded` is encode_notice()'s; `hint` says that it is a LookAgain, of which one per resource is enough:
  // a change that comes behind one that was not sent yet is told by it as well.
  void add(const ResourceId& resource, SharedBytes encoded, bool hint);
  // The channel is up: what waits goes under a new session, from number 1.
  void begin_session(std::uint64_t session);
  void seen(const Seen& seen);
  // What may be sent now and was not yet.
  std::vector<Bytes> take_sendable();
  // Everything that may be sent, once more.
  void send_again() { sent_ = 0; }
  // Drops what is about resources that this watcher does not watch here any more; a new session.
  void keep_only(const std::function<bool(const ResourceId&)>& wanted);

  bool empty() const { return waiting_.empty(); }
  bool unacknowledged() const { return numbered_ > 0; }
  std::size_t size() const { return waiting_.size(); }
  std::size_t bytes() const { return bytes_; }

 private:
  struct Waiting {
    ResourceId resource;
    SharedBytes encoded;
    bool hint = false;
  };
  void compact();

  std::deque<Waiting> waiting_;
  std::size_t sent_ = 0;      // of these, from the front; once more after send_again()
  std::size_t numbered_ = 0;  // sent at least once in this session
  std::size_t bytes_ = 0;
  std::uint64_t session_;
  std::uint64_t first_ = 1;  // number of the front
};

}  // namespace ringway::data
