// The addresses of peers that this one had direct links to, newest first: the first to be tried after a
// restart (RFC 6940 §11.4, BOOT-04). Kept as the store's fact k_bootstrap_fact.
#pragma once

#include <cstddef>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/wire/bodies.hpp"

namespace ringway::actors {

inline constexpr const char* k_bootstrap_fact = "bootstrap-cache";
inline constexpr const char* k_configuration_fact = "configuration";
inline constexpr const char* k_learnt_kinds_fact = "learnt-kinds";  // a ConfigUpdateReq of type kind
inline constexpr std::size_t k_cached_bootstrap_peers = 10;         // "about 10" (RFC 6940 §11.4)

class BootstrapCache {
 public:
  BootstrapCache() = default;
  // As encode() wrote it; lines that are not addresses are left out.
  static BootstrapCache decode(BytesView text);
  Bytes encode() const;  // one address a line

  // A link to this listening address is up. True when the set of addresses has changed.
  bool note(const wire::IpAddressPort& address);
  const std::vector<wire::IpAddressPort>& addresses() const { return addresses_; }

 private:
  std::vector<wire::IpAddressPort> addresses_;
};

}  // namespace ringway::actors
