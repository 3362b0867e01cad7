// Cookies of DTLS (RFC 6347 §4.2.1): who sends one back receives datagrams where it says it is. Nothing is
// kept for a client until then.
#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "reload/bytes.hpp"
#include "reload/time.hpp"

namespace ringway::net::dtls {

// A cookie is good in the period that it was made in, and in the next.
inline constexpr Duration k_cookie_period{10'000};
// Cookies that are known to have been used; past it the first is forgotten.
inline constexpr std::size_t k_max_spent_cookies = 4096;

class Cookies {
 public:
  Cookies();  // with a secret of its own

  // For one hello of whoever is at that address: any text that stands for both.
  Bytes make(MonoTime now, std::string_view client);
  bool good(MonoTime now, std::string_view client, BytesView cookie);

  // A handshake has begun with that client's cookie: for as long as one may be good there is no other, so who
  // has seen it go by cannot send it again in the client's name.
  void spend(MonoTime now, std::string_view client);
  bool spent(MonoTime now, std::string_view client);
  std::size_t spent_count() const { return spent_.size(); }

 private:
  Bytes compute(std::int64_t period, std::string_view client) const;
  void forget_old(MonoTime now);

  std::array<std::uint8_t, 32> secret_{};
  std::deque<std::pair<MonoTime, std::string>> spent_;  // the oldest first
  std::set<std::string, std::less<>> spent_clients_;
};

}  // namespace ringway::net::dtls
