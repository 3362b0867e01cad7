// What the two halves of presence are told at their start, and the bounds of what they hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "reload/ids.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"
#include "sip-usage/message/name_addr.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::presence {

inline constexpr std::string_view k_package = "presence";                    // RFC 3856 §6.1
inline constexpr std::string_view k_document_type = "application/pidf+xml";  // RFC 3863

// Of what one phone publishes, and of what is made of all that a user's phones have published.
inline constexpr std::size_t k_max_document_bytes = 8192;
inline constexpr std::size_t k_max_document_elements = 64;  // below <presence>
inline constexpr std::size_t k_max_publications_of_user = 8;
// Who may see a user, when not everybody; together with the user. Each may have several certificates: the
// newest of each come first, as many as fit into a value of the overlay besides the document (one takes some
// 260 bytes for P-256, 670 for RSA of 4096 bits).
inline constexpr std::size_t k_max_readers = 31;
inline constexpr std::size_t k_max_certificates_of_reader = 8;
inline constexpr std::size_t k_max_recipients = k_max_readers + 1;
inline constexpr std::size_t k_max_preparing = 8;         // users for whom certificates are asked for at once
inline constexpr std::size_t k_max_value_bytes = 32'768;  // as the Kind's max-size usually is

inline constexpr std::size_t k_max_subscriptions = 4096;
inline constexpr std::size_t k_max_subscriptions_of_watcher = 256;  // those of nobody known count as of one
inline constexpr std::size_t k_max_subscriptions_of_source = 32;    // of those, from one address or peer
inline constexpr std::size_t k_max_watched_users = 1024;            // as data::k_max_watched_keys
inline constexpr std::size_t k_max_shown_entries = 16;    // of one user, each of one of that user's peers
inline constexpr std::size_t k_max_shown_bytes = 16'384;  // a document made of these

inline constexpr Duration k_throttle{5'000};     // RFC 3856 §6.10
inline constexpr Duration k_first_state{4'000};  // how long a first NOTIFY waits for the overlay
inline constexpr Duration k_watch_retry{30'000};
inline constexpr Duration k_certificate_life{600'000};  // then they are asked for again, when one is needed
// Of who has none, or of whom nobody knew it (the peer has not joined): doubled each time up to the second.
inline constexpr Duration k_first_no_certificate_life{10'000};
inline constexpr Duration k_no_certificate_life{300'000};
inline constexpr Duration k_certificate_time{5'000};  // for an answer
inline constexpr unsigned k_retry_after_s = 30;       // of a 503, and of subscriptions that this peer ends

// Who may see a user. Values in the overlay can be read by everybody, so what is for some is encrypted.
struct Permission {
  enum class Who { everyone, listed, nobody };
  Who who = Who::everyone;
  std::set<Aor> readers{};  // of listed, besides the user; at most k_max_readers
  bool operator==(const Permission&) const = default;
};

// A user whose credentials for the overlay this peer has.
struct PresenceUser {
  Aor aor;
  NodeId node;  // as which this peer signs for the user: one entry for each of a user's nodes
  Permission permission{};
};

struct Settings {
  std::string overlay_name;
  Uri contact;  // where requests within a subscription reach this peer
  std::uint32_t min_expires_s = 60, default_expires_s = 3600, max_expires_s = 7200;
  std::uint32_t overlay_lifetime_s = 1800;  // of what is stored; it is renewed at half of that
};

// Whether presence can work with these.
Outcome<> check(const Permission& permission);

// The Resource Name at which a user's peers store who the user is and what they do: one that the user alone
// may write (docs/extensions.md), and that can be watched as any other.
std::string presence_key(const Aor& aor);

}  // namespace ringway::sip::presence
