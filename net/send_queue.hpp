// What waits to be sent on one link: filled from any thread, emptied by the link's strand, bounded in bytes.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "reload/bytes.hpp"

namespace ringway::net {

struct Outgoing {
  Bytes header;
  SharedBytes payload;
  std::size_t size_bytes() const { return header.size() + payload.size(); }
};

class SendQueue {
 public:
  explicit SendQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  enum class Pushed {
    queued,        // the strand is busy with the queue and will come by
    queued_wake,   // the strand must be told
    refused_full,  // past the bound
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
  mutable std::mutex mutex_;
  std::deque<Outgoing> waiting_;
  std::size_t bytes_ = 0;
  bool strand_comes_ = false;
  bool closed_ = false;
};

}  // namespace ringway::net
