// How often credentials were wrong lately: from a sender, and from it for one user name. Whoever is past a
// bound is refused unread until a minute has passed, so guessing is slow and costs no hashes.
//
// A phone with an old password is stopped by the lower bound, without its neighbours behind the same address.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "reload/table_size.hpp"
#include "reload/time.hpp"

namespace ringway::sip::registrar {

inline constexpr std::size_t k_max_failures_of_name = 10;    // from one sender for one user name
inline constexpr std::size_t k_max_failures_of_sender = 60;  // for all
inline constexpr Duration k_failure_window{60'000};
inline constexpr std::size_t k_max_failure_counts = 8192;
inline constexpr std::size_t k_max_counted_name_bytes = 128;  // longer names count as one

class FailedAttempts {
 public:
  bool is_refused(MonoTime now, const std::string& sender, std::string_view user_name) const;
  void failed(MonoTime now, const std::string& sender, std::string_view user_name);
  void succeeded(const std::string& sender, std::string_view user_name);
  TableSize size() const {
    return {"senders whose failed attempts are counted", counts_.size(), k_max_failure_counts};
  }

 private:
  using Key = std::pair<std::string, std::string>;  // sender, user name; for all names: empty
  struct Count {
    std::size_t failures = 0;
    MonoTime ends_at;
  };
  static Key key_of(const std::string& sender, std::string_view user_name);
  std::size_t failures(MonoTime now, const Key& key) const;
  void count(MonoTime now, const Key& key);

  std::map<Key, Count> counts_;
  std::set<std::pair<MonoTime, Key>> by_end_;  // whose end is nearest makes room
};

}  // namespace ringway::sip::registrar
