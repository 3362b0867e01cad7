// What waits to be sent on one link: filled from any thread, emptied by the link's strand, bounded in bytes.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "reload/bytes.hpp"

namespace ringway::net {

struct Outgoing {
  Bytes header;
  SharedBytes payload;
  std::size_t size_bytes() const { return header.size() + payload.size(); }
};

// What all queues of a peer may hold together, beyond what each may in any case: so links that nobody reads
// at the other end silence no others.
class ByteBudget {
 public:
  ByteBudget(std::size_t max_bytes, std::size_t free_bytes_per_queue)
      : max_bytes_(max_bytes), free_bytes_per_queue_(free_bytes_per_queue) {}
  bool take(std::size_t bytes) {
    if (taken_.fetch_add(bytes) + bytes <= max_bytes_) return true;
    taken_ -= bytes;
    return false;
  }
  void give_back(std::size_t bytes) { taken_ -= bytes; }
  std::size_t taken() const { return taken_; }
  std::size_t free_bytes_per_queue() const { return free_bytes_per_queue_; }

 private:
  const std::size_t max_bytes_;
  const std::size_t free_bytes_per_queue_;
  std::atomic<std::size_t> taken_{0};
};

class SendQueue {
 public:
  SendQueue(std::size_t max_bytes, std::shared_ptr<ByteBudget> of_all)
      : max_bytes_(max_bytes), of_all_(std::move(of_all)) {}
  ~SendQueue() { of_all_->give_back(borrowed_); }
  SendQueue(const SendQueue&) = delete;
  SendQueue& operator=(const SendQueue&) = delete;

  enum class Pushed {
    queued,        // the strand is busy with the queue and will come by
    queued_wake,   // the strand must be told
    refused_full,  // past its bound, or that of all queues
    refused_closed,
  };
  Pushed push(Outgoing message);

  struct Limits {
    std::size_t bytes;  // of messages together with `overhead_bytes` for each
    std::size_t messages;
    std::size_t overhead_bytes;
    bool at_least_one;  // however long it is
  };
  // Appends the next messages to `out`. When there are none, the next push asks for a wake-up.
  void take(const Limits& limits, std::vector<Outgoing>& out);

  // Refuses everything from now on; what is queued can still be taken.
  void close();
  std::size_t queued_bytes() const;
  bool empty() const;

 private:
  const std::size_t max_bytes_;
  const std::shared_ptr<ByteBudget> of_all_;
  mutable std::mutex mutex_;
  std::deque<Outgoing> waiting_;
  std::size_t bytes_ = 0;
  std::size_t borrowed_ = 0;  // of those, from the budget
  bool strand_comes_ = false;
  bool closed_ = false;
};

}  // namespace ringway::net
