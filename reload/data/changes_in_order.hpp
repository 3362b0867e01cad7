// The changes that Stores make, in the order of their generations. Stores become durable in order, but
// their replicas may confirm in another; who watches is told of each once it is answered, and of none before
// the one that came before it.
#pragma once

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

#include "reload/data/kind_cache.hpp"
#include "reload/data/records.hpp"

namespace ringway::data {

struct Change {
  KindAt at;
  std::uint64_t generation = 0;
  Records records;  // what was written; none: it came another way than by a writer's Store
};

// Holds what the holder has pending, so it is bounded as that is.
class ChangesInOrder {
 public:
  // A Store that is under way; tokens grow.
  void begin(std::uint64_t token, Change change);
  // It is answered, or has failed and changed nothing.
  void end(std::uint64_t token, bool changed);
  std::vector<Change> take() { return std::exchange(ready_, {}); }

 private:
  struct Waiting {
    std::uint64_t token = 0;
    Change change;
    enum class State { under_way, changed, failed } state = State::under_way;
  };
  std::unordered_map<KindAt, std::deque<Waiting>, KindAtHash> waiting_;
  std::unordered_map<std::uint64_t, std::vector<KindAt>> places_;  // by token
  std::vector<Change> ready_;
};

}  // namespace ringway::data
