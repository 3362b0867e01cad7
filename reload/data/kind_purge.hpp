// What is stored of Kinds that the overlay no longer knows is forgotten (RFC 6940 §11.1): the whole store is
// gone through, a slice at a time.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "reload/config/kinds.hpp"
#include "reload/data/range_scan.hpp"
#include "reload/data/value_store.hpp"
#include "reload/time.hpp"

namespace ringway::data {

class KindPurge {
 public:
  explicit KindPurge(std::shared_ptr<const ValueStore> store) : store_(std::move(store)) {}

  // Kinds of `before` that `after` does not have, or has in another data model.
  void kinds_changed(MonoTime now, const config::Kinds& before, const config::Kinds& after);
  // The next ones to be forgotten; none when nothing is due.
  std::vector<KindAt> due(MonoTime now);
  // Some could not be forgotten now: they are looked for again.
  void again() { again_ = true; }
  std::optional<MonoTime> next_deadline() const { return next_at_; }

 private:
  void start_over(MonoTime at);

  std::shared_ptr<const ValueStore> store_;
  std::set<KindId> kinds_;
  RangeScan scan_;
  bool again_ = false;
  std::optional<MonoTime> next_at_;
};

}  // namespace ringway::data
