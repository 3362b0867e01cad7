#include "services/enrolld/registrar/outside.hpp"

#include <algorithm>
#include <future>
#include <memory>

#include "services/enrolld/authority/authority.hpp"
#include "services/enrolld/proofs/tokens.hpp"

namespace ringway::enrolld {

WebhookAnswer VerifierByWebhook::ask(WebhookQuestion question, WallMs now_ms) {
  // Shared with the webhook's thread, which may still be in set_value when the answer is taken.
  const auto promise = std::make_shared<std::promise<WebhookAnswer>>();
  auto answer = promise->get_future();
  webhook_.ask(std::move(question), now_ms,
               [promise](const WebhookAnswer& given) { promise->set_value(given); });
  return answer.get();
}

Result<NodeId> SystemRandomness::node_id() { return services::random_node_id(); }

PendingId SystemRandomness::pending_id() {
  Bytes bytes;
  PendingId id{};
  if (from_hex(new_pending_id(), bytes) && bytes.size() == id.size())
    std::copy(bytes.begin(), bytes.end(), id.begin());
  return id;
}

Secret SystemRandomness::link_token() { return new_link_token(); }
Secret SystemRandomness::code() { return new_code(); }
Secret SystemRandomness::invitation() { return new_invitation(); }

}  // namespace ringway::enrolld
