// Messages that wait for their signature check. The pool may finish them in any order; each link's come out
// in the order in which they came in.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "reload/link/link_id.hpp"
#include "reload/routing/messages.hpp"

namespace ringway::routing {

class InspectionQueue {
 public:
  InspectionQueue(std::size_t max_per_link, std::size_t max_bytes)
      : max_per_link_(max_per_link), max_bytes_(max_bytes) {}

  struct Ready {
    LinkId link;
    NodeId arrived_from;
    SharedBytes bytes;  // as inspected, for a message that must go on after all
    std::shared_ptr<Result<security::InspectedMessage>> verdict;
  };
  // A ticket for the message, or 0 when too many of this link, or too many bytes of all, wait already.
  // `outlives_link`: it counts also when its link has gone meanwhile.
  std::uint64_t add(LinkId link, const NodeId& arrived_from, const SharedBytes& bytes,
                    bool outlives_link = false);
  // Takes a verdict and returns what may be processed now, in order.
  std::vector<Ready> settle(std::uint64_t ticket,
                            std::shared_ptr<Result<security::InspectedMessage>> verdict);
  void drop_link(LinkId link);
  std::size_t waiting() const { return tickets_.size(); }
  std::size_t waiting_bytes() const { return size_bytes_; }

 private:
  struct Waiting {
    std::uint64_t ticket;
    Ready ready;
    bool outlives_link;
  };
  // Given out, and not settled yet: the pool holds such a message even when its link is gone.
  struct Ticket {
    LinkId link;
    std::size_t size_bytes;
  };
  std::size_t max_per_link_;
  std::size_t max_bytes_;
  std::size_t size_bytes_ = 0;
  std::uint64_t next_ticket_ = 1;
  // Not hashed: most of the time both are empty, and such a table keeps its buckets then.
  std::map<std::uint64_t, Ticket> tickets_;
  std::map<LinkId, std::deque<Waiting>> links_;
};

}  // namespace ringway::routing
