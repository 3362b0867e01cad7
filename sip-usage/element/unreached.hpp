// The peers to which no connection came a short while ago. Nobody in the overlay says that a node has gone: a
// message for it is dropped in silence where it should be (RFC 6940 §6.1.1). So that not every caller waits
// for such a node, it is remembered, and asked for again without anybody waiting.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::sip::element {

inline constexpr std::size_t k_max_unreached = 1024;  // past it the one that was noted first is forgotten
inline constexpr Duration k_unreached_time{30'000};

class Unreached {
 public:
  void note(MonoTime now, const std::string& peer);
  void forget(const std::string& peer) { noted_.erase(peer); }
  bool has(MonoTime now, const std::string& peer) const;
  TableSize size() const { return {"peers that could not be reached", noted_.size(), k_max_unreached}; }

 private:
  std::map<std::string, MonoTime> noted_;
};

}  // namespace ringway::sip::element
