#include "sip-usage/messages/mailbox.hpp"

#include <string_view>

#include "reload/data/resource_names.hpp"

namespace ringway::sip::messages {

namespace {

constexpr std::uint8_t k_version = 1;
constexpr std::string_view k_name = "/sip-messages";

// Of a user, as mailbox_of() writes it.
bool is_mailbox(std::string_view name) {
  if (!name.ends_with(k_name)) return false;
  const auto user = Aor::of_user_name(name.substr(0, name.size() - k_name.size()));
  return user && mailbox_of(*user) == name;
}

}  // namespace

std::optional<std::string> mailbox_of(const Aor& user) {
  std::string name = user.name() + std::string(k_name);
  const auto read = data::parse_resource_name(name);
  if (!read || read->owner != user.name()) return std::nullopt;
  return name;
}

void read(wire::Reader& in, KeptMessages& out) {
  if (in.u8() != k_version) in.fail("kept messages of another version");
  wire::Reader list = in.vector(2);
  while (list.more()) {
    if (out.messages.size() == k_max_kept_of_sender) return in.fail("more messages than a sender may keep");
    KeptMessage message;
    message.id = list.u64();
    message.until_ms = list.u64();
    message.envelope = list.opaque(2);
    if (!out.messages.empty() && message.id <= out.messages.back().id) list.fail("ids do not rise");
    if (message.envelope.empty() || message.envelope.size() > k_max_envelope_bytes)
      list.fail("an envelope of such a size");
    out.messages.push_back(std::move(message));
  }
  in.finish(list);
}

void write(wire::Writer& out, const KeptMessages& kept) {
  out.u8(k_version);
  const std::size_t mark = out.begin(2);
  for (const KeptMessage& each : kept.messages) {
    out.u64(each.id);
    out.u64(each.until_ms);
    out.opaque(2, each.envelope);
  }
  out.end(mark, 2);
}

// That the name hashes to the place and the entry is the writer's is the Kind's access policy; sizes are the
// Kind's limits.
Outcome<> MailboxCheck::check(const config::Configuration& /*configuration*/,
                              const config::KindDefinition& /*kind*/, const data::Writer& /*writer*/,
                              const wire::StoredDataValue& value) const {
  const auto key = data::parse_dictionary_key(value.key);
  if (!key || !is_mailbox(key->name)) return Failure{"the name is not that of a user's mailbox"};
  if (!value.data.exists) return Done{};
  const auto kept = wire::decode<KeptMessages>(value.data.value);
  if (!kept) return Failure{"the value is no list of kept messages: " + kept.error().reason};
  return Done{};
}

}  // namespace ringway::sip::messages
