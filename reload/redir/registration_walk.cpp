#include "reload/redir/registration_walk.hpp"

#include <algorithm>

namespace ringway::redir {

namespace {

bool is_extreme(const NodeId& own, const std::vector<NodeId>& others) {
  const bool any_below = std::any_of(others.begin(), others.end(), [&](const NodeId& x) { return x < own; });
  const bool any_above = std::any_of(others.begin(), others.end(), [&](const NodeId& x) { return x > own; });
  return !any_below || !any_above;
}

}  // namespace

RegistrationWalk::RegistrationWalk(const Tree& tree, const NodeId& own, unsigned start_level)
    : tree_(tree), own_(own), start_(std::min(start_level, tree.deepest_level())), level_(start_) {}

std::optional<RegistrationWalk::Step> RegistrationWalk::step() const {
  if (!next_) return std::nullopt;
  return Step{*next_, tree_.node_for(level_, own_)};
}

void RegistrationWalk::fetched(const std::vector<NodeId>& providers) {
  others_ = providers;
  std::erase(others_, own_);
  if (level_ == start_) alone_at_start_ = alone_in_interval();
  // On its way up it stores whatever is there (step 3), on its way down only as an extreme (step 5).
  if (direction_ == Direction::up || extreme_in_interval()) {
    next_ = Step::What::store;
  } else {
    go_on();
  }
}

void RegistrationWalk::stored() { go_on(); }

void RegistrationWalk::unreadable() {
  others_.clear();
  if (direction_ == Direction::down) {
    next_.reset();
  } else if (level_ > 0) {
    go_to(level_ - 1);
  } else {
    direction_ = Direction::down;
    go_down_from(start_, alone_at_start_);
  }
}

void RegistrationWalk::go_on() {
  if (direction_ == Direction::down) return go_down_from(level_, alone_in_interval());
  // The whole tree node counts at the start level, the interval above it (step 4).
  const bool goes_up = level_ == start_ ? extreme_in_node() : extreme_in_interval();
  if (goes_up && level_ > 0) return go_to(level_ - 1);
  direction_ = Direction::down;
  go_down_from(start_, alone_at_start_);
}

void RegistrationWalk::go_down_from(unsigned level, bool alone) {
  if (!alone && level < tree_.deepest_level()) return go_to(level + 1);
  level_ = level;
  next_.reset();
}

void RegistrationWalk::go_to(unsigned level) {
  level_ = level;
  next_ = Step::What::fetch;
  others_.clear();
}

bool RegistrationWalk::extreme_in_node() const { return is_extreme(own_, others_); }

bool RegistrationWalk::extreme_in_interval() const {
  std::vector<NodeId> near;
  std::copy_if(others_.begin(), others_.end(), std::back_inserter(near),
               [&](const NodeId& other) { return tree_.same_interval(level_, own_, other); });
  return is_extreme(own_, near);
}

bool RegistrationWalk::alone_in_interval() const {
  return std::none_of(others_.begin(), others_.end(),
                      [&](const NodeId& other) { return tree_.same_interval(level_, own_, other); });
}

}  // namespace ringway::redir
