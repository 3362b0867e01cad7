// The server as a node of its own overlay, for as long as it has something to say.
#include <algorithm>

#include "services/enrolld/publish/publisher.hpp"

namespace ringway::enrolld {
namespace {

constexpr WallMs k_hour_ms = 3'600'000;  // also what a peer's clock may differ by

}  // namespace

Publisher::Credentials publisher_credentials(const services::Authority& authority) {
  return [&authority](WallMs now_ms) -> Result<services::NodeCredentials> {
    const auto node = services::random_node_id();
    if (!node) return node.error();
    const services::Validity validity{now_ms - k_hour_ms,
                                      std::min(now_ms + k_hour_ms, authority.not_after_ms())};
    return authority.issue({services::enrollment_server_name(authority.overlay_name()), {*node}, validity});
  };
}

}  // namespace ringway::enrolld
