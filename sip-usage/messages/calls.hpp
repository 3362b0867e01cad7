// What the rooms of kept messages ask of the overlay, and for which users.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reload/data/api.hpp"
#include "reload/ids.hpp"
#include "reload/security/envelope.hpp"
#include "sip-usage/registration/address.hpp"

namespace ringway::sip::messages {

// A user whose credentials this peer has.
struct OwnUser {
  Aor aor;
  NodeId node;          // which signs the user's values
  std::string as_user;  // of calls; empty: the peer's own user
  // Of the certificates that the overlay has of this node; more than one while a renewed one is new.
  std::vector<security::EnvelopeKeyPtr> keys;
};

enum class CallId : std::uint64_t {};  // never used twice by one room

// Answered once, by on_call().
struct AskOverlay {
  CallId id{};
  data::Call call;
};

}  // namespace ringway::sip::messages
