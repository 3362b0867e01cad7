// What this peer has found damaged on its disk (KindState::damage), for a short time: when to have its
// holders compared, so that the copies of others come, and for how long a write there waits for them. A Store
// has to be checked against the present generation and storage_time (RFC 6940 §7.4.1.1), and those only the
// replicas know now; but where nobody has anything for so long, nobody will.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <utility>

#include "reload/data/value_store.hpp"
#include "reload/time.hpp"

namespace ringway::data {

inline constexpr Duration k_writes_wait_for_copies{60'000};
inline constexpr Duration k_between_mends{5'000};  // of one Kind at a resource
inline constexpr Duration k_damage_remembered{600'000};
inline constexpr std::size_t k_max_damaged_kinds = 1024;  // then the one seen longest ago is forgotten

class DamagedKinds {
 public:
  struct Seen {
    bool first = false;  // for the first time
    bool mend = false;   // and nobody was asked for copies a moment ago
  };
  Seen seen(MonoTime now, const KindAt& at);
  // By comparing or copying, which may get no further: nobody was asked for copies.
  bool seen_in_passing(MonoTime now, const KindAt& at);
  void mended(const KindAt& at) { kinds_.erase(at); }
  // Whether copies of others may come yet.
  bool writes_wait(MonoTime now, const KindAt& at) const;
  std::size_t size() const { return kinds_.size(); }

 private:
  struct One {
    MonoTime first, last;
    std::optional<MonoTime> asked;  // for copies
  };
  std::pair<One*, bool> note(MonoTime now, const KindAt& at);

  std::map<KindAt, One> kinds_;
};

}  // namespace ringway::data
