#include "sip-usage/messages/opening.hpp"

#include <optional>

namespace ringway::sip::messages {

// The value's signature says whose entry it was in (RFC 6940 §7.1), the letter says who has written it: an
// envelope that was copied from another's entry is no message.
std::variant<Letter, NotOpened> open_letter(const OwnUser& user, const std::string& writer,
                                            const NodeId& node, const KeptMessage& kept) {
  std::optional<Bytes> content;
  for (const auto& key : user.keys)
    if ((content = key->open(kept.envelope))) break;
  if (!content) return NotOpened::for_others;
  auto letter = wire::decode<Letter>(SharedBytes(std::move(*content)));
  const auto aor = Aor::of_user_name(writer);
  const bool is_whole = letter && aor && letter->sender == aor->name() && letter->sender_node == node &&
                        letter->recipient == user.aor.name() && letter->id == kept.id &&
                        letter->until_ms == kept.until_ms;
  if (!is_whole) return NotOpened::forged;
  return std::move(*letter);
}

}  // namespace ringway::sip::messages
