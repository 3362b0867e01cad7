// One registration of a service provider (RFC 7374 §4.3) as a state machine: which tree node is to be
// fetched, where the provider's record is to be stored, and when it is over. Fetching, storing and time are
// the caller's.
#pragma once

#include <optional>
#include <vector>

#include "reload/redir/tree.hpp"

namespace ringway::redir {

class RegistrationWalk {
 public:
  RegistrationWalk(const Tree& tree, const NodeId& own, unsigned start_level);

  struct Step {
    enum class What { fetch, store };
    What what = What::fetch;
    TreeNode node;
  };
  // What is to be done now; nothing when the registration is complete.
  std::optional<Step> step() const;
  // The step is done: these providers are in the tree node (the own one may be among them); it is stored.
  void fetched(const std::vector<NodeId>& providers);
  void stored();
  // Who is in the tree node cannot be learnt, because they are too many or nobody answers for it: nothing is
  // stored there. Others lead here from further up; below there is nothing to go by.
  void unreadable();

  // Where the downward walk has ended: the next registration may start there (§4.2).
  unsigned last_level() const { return level_; }

 private:
  enum class Direction { up, down };

  bool extreme_in_node() const;
  bool extreme_in_interval() const;
  bool alone_in_interval() const;
  void go_on();
  void go_down_from(unsigned level, bool alone);
  void go_to(unsigned level);

  Tree tree_;
  NodeId own_;
  unsigned start_;
  unsigned level_;
  Direction direction_ = Direction::up;
  std::optional<Step::What> next_ = Step::What::fetch;
  std::vector<NodeId> others_;   // in the tree node that was fetched last
  bool alone_at_start_ = false;  // in the interval of the start level
};

}  // namespace ringway::redir
