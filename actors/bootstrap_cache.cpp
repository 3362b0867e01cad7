#include "actors/bootstrap_cache.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "reload/link/link_id.hpp"

namespace ringway::actors {

BootstrapCache BootstrapCache::decode(BytesView text) {
  BootstrapCache cache;
  std::string_view rest = text_of(text);
  while (!rest.empty() && cache.addresses_.size() < k_cached_bootstrap_peers) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    wire::IpAddressPort address;
    if (link::parse_address(line, address)) cache.addresses_.push_back(address);
  }
  return cache;
}

Bytes BootstrapCache::encode() const {
  std::string text;
  for (const auto& address : addresses_) text += link::to_text(address) + "\n";
  return copy_of(view_of(text));
}

bool BootstrapCache::note(const wire::IpAddressPort& address) {
  const auto known = std::find(addresses_.begin(), addresses_.end(), address);
  if (known != addresses_.end()) {
    std::rotate(addresses_.begin(), known, known + 1);
    return false;
  }
  addresses_.insert(addresses_.begin(), address);
  if (addresses_.size() > k_cached_bootstrap_peers) addresses_.pop_back();
  return true;
}

}  // namespace ringway::actors
