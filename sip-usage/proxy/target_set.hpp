// The targets of one request that are still to be tried, in which order, and none of them twice (RFC 3261
// §16.5, §16.6; RFC 5626 §7).
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sip-usage/proxy/target.hpp"

namespace ringway::sip::proxy {

class TargetSet {
 public:
  // In groups by q. False when it is one too many (k_max_branches); one that was there before is passed over.
  bool add(Target target);
  // To be started as soon as there is room, in the place of a branch that has ended.
  bool add_now(Target target);
  // The same for what stands in for a target that was counted already: its next server.
  void put_first(Target target) { ready_.push_front(std::move(target)); }

  // Makes the group of the highest q ready. An instance that is being asked or has answered is left out.
  void open_group();
  bool has_ready() const { return !ready_.empty(); }
  std::size_t ready_count() const { return ready_.size(); }
  std::size_t waiting_count() const { return waiting_.size(); }
  Target take_ready();

  // The instance's branch has ended: with an answer, it is not asked again; without (408, 430), its next flow
  // takes that branch's place.
  void instance_answered(const std::string& instance);
  void instance_failed(const std::string& instance);

  // Nobody else is asked.
  void clear();

 private:
  bool accept(const Target& target);
  void make_ready(Target target);

  std::vector<Target> seen_;     // all that were ever accepted
  std::vector<Target> waiting_;  // by q, then nearest first
  std::deque<Target> ready_;
  std::vector<Target> spares_;  // of instances in busy_
  std::set<std::string> busy_;  // instances that are being asked or have answered
};

}  // namespace ringway::sip::proxy
