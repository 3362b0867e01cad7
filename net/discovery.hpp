// Discovery's sockets: announcements by UDP multicast on every interface, IPv4 and IPv6. When to speak and
// what to believe is reload/discovery's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "net/io_pool.hpp"
#include "reload/discovery/announcer.hpp"
#include "reload/random.hpp"
#include "reload/result.hpp"

namespace ringway::net {

// Administratively scoped (RFC 2365) and transient (RFC 4291 §2.7) groups of a site; with one hop no router
// passes them on.
inline constexpr const char* k_discovery_group_v4 = "239.255.60.84";
inline constexpr const char* k_discovery_group_v6 = "ff15::5257:6084";
inline constexpr std::uint16_t k_discovery_port = 16084;

class Discovery {
 public:
  // On an I/O thread, each time that others were found or have been silent for long: all that are known.
  using Found = std::function<void(std::vector<wire::IpAddressPort>)>;

  // Fails when the machine has neither family.
  static Result<std::shared_ptr<Discovery>> start(IoPool& pool, discovery::Settings settings,
                                                  std::shared_ptr<Random> random, Found found,
                                                  std::uint16_t port = k_discovery_port);
  virtual ~Discovery() = default;
  // `found` is not called any more once it returns.
  virtual void stop() = 0;
};

}  // namespace ringway::net
