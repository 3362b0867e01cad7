// Cookies of DTLS (RFC 6347 §4.2.1): who sends one back receives datagrams where it says it is. Nothing is
// kept for a client until then.
#pragma once

#include <array>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/time.hpp"

namespace ringway::net::dtls {

class Cookies {
 public:
  Cookies();  // with a secret of its own

  // For whoever is at that address, any text that stands for it.
  Bytes make(MonoTime now, std::string_view address);
  // One of this minute or of the one before.
  bool good(MonoTime now, std::string_view address, BytesView cookie);

 private:
  Bytes compute(std::int64_t period, std::string_view address) const;
  std::array<std::uint8_t, 32> secret_{};
};

}  // namespace ringway::net::dtls
