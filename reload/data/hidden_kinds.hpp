// Kinds of others of which nothing can be read here (a damaged block): what they were nobody can say, so that
// the peer that is responsible has some of it does not show that it has all. They are kept until it has said
// so twice, with the time in between in which holders get from each other what they lack.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <vector>

#include "reload/data/value_store.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"

namespace ringway::data {

inline constexpr std::size_t k_max_hidden_kinds = 1024;  // then the one that has waited longest begins anew

class HiddenKinds {
 public:
  // The responsible peer has some of it. Whether it has had for long enough.
  bool owner_has(MonoTime now, Duration long_enough, const KindAt& at, const NodeId& owner);
  void owner_lacks(const KindAt& at) { kinds_.erase(at); }
  // To be asked for again, each once.
  std::vector<KindAt> take_due(MonoTime now, std::size_t most);
  std::optional<MonoTime> next_due() const;
  void clear() { kinds_.clear(); }
  std::size_t size() const { return kinds_.size(); }

 private:
  struct One {
    NodeId owner;
    MonoTime enough_at;
    bool asked_again = false;
  };
  std::map<KindAt, One> kinds_;
};

}  // namespace ringway::data
