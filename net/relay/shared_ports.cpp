#include "net/relay/shared_ports.hpp"

#include <map>
#include <mutex>

namespace ringway::net::relay {

std::shared_ptr<ringway::relay::OwnPorts> own_ports_of(const stun::IpAddress& local) {
  static std::mutex mutex;
  static std::map<stun::IpAddress, std::weak_ptr<ringway::relay::OwnPorts>> all;  // of addresses of this host
  const std::scoped_lock lock(mutex);
  std::erase_if(all, [](const auto& each) { return each.second.expired(); });
  auto& held = all[local];
  auto out = held.lock();
  if (!out) held = out = std::make_shared<ringway::relay::OwnPorts>();
  return out;
}

}  // namespace ringway::net::relay
