// The Kind in which messages wait for a user who is not there: what a sender's entry looks like, where it is,
// and what a storing peer checks of it (docs/extensions.md, "Messages for absent users").
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/config/mailbox_kind.hpp"
#include "reload/data/usage_check.hpp"
#include "reload/ids.hpp"
#include "reload/time.hpp"
#include "reload/wire/codec.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::messages {

using config::k_mailbox;

inline constexpr std::size_t k_max_senders = config::k_mailbox_senders;
inline constexpr std::size_t k_max_entry_bytes = config::k_mailbox_entry_bytes;
inline constexpr std::size_t k_max_kept_of_sender = 32;  // the quota
inline constexpr std::size_t k_max_envelope_bytes = 16'384;
inline constexpr std::size_t k_max_recipient_certificates = 16;  // that such an envelope has room for
// How long a message waits at most, and how far a sender's clock may be ahead.
inline constexpr Duration k_longest_wait{std::chrono::days(7)};
inline constexpr Duration k_clock_slack{std::chrono::hours(1)};

// The resource name of a user's mailbox, "user@domain/sip-messages". Nothing for the few users whose name has
// a "/", which ends the user's part of a resource name.
std::optional<std::string> mailbox_of(const Aor& user);

struct KeptMessage {
  std::uint64_t id = 0;  // rises from one message of a sender to the next, and is never used again
  WallMs until_ms = 0;   // not delivered from then on
  SharedBytes envelope;  // CMS, of a Letter
};
// The value of one sender's entry.
struct KeptMessages {
  std::vector<KeptMessage> messages;
};
void read(wire::Reader& in, KeptMessages& out);
void write(wire::Writer& out, const KeptMessages& kept);
// What one more adds to an entry, besides its envelope.
inline constexpr std::size_t k_kept_frame_bytes = 18;

class MailboxCheck final : public data::UsageCheck {
 public:
  Outcome<> check(const config::Configuration& configuration, const config::KindDefinition& kind,
                  const data::Writer& writer, const wire::StoredDataValue& value) const override;
};

}  // namespace ringway::sip::messages
