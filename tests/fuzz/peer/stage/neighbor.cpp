#include "tests/fuzz/peer/stage/neighbor.hpp"

#include <algorithm>

namespace ringway::fuzz {

void Neighbor::link_event(routing::Input event) {
  if (const auto* up = std::get_if<routing::LinkUp>(&event)) links_.push_back(up->link);
  if (const auto* down = std::get_if<routing::LinkDown>(&event))
    links_.erase(std::remove(links_.begin(), links_.end(), down->link), links_.end());
  if (const auto* message = std::get_if<routing::LinkMessage>(&event)) received(*message);
}

void Neighbor::received(const routing::LinkMessage& message) {
  inspect_(message.bytes);
  const auto decoded = wire::decode_message(message.bytes);
  if (!decoded || !wire::is_request(decoded->contents.code)) return;
  asked_.push_back(
      {message.link, decoded->contents.code, decoded->header.transaction_id, decoded->header.via_list});
  if (asked_.size() > k_max_asked) asked_.pop_front();
}

}  // namespace ringway::fuzz
