// Who takes part: the peer under test and its neighbours with their credentials, the overlay's
// configurations. Made once in a process; the Node-IDs are always the same, the keys are not.
#pragma once

#include <array>
#include <string>

#include "reload/config/configuration.hpp"
#include "reload/wire/bodies.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::fuzz {

inline constexpr std::size_t k_neighbors = 4;

struct Role {
  std::string user;
  NodeId node;
  test::SignerPtr signer;
  wire::IpAddressPort address;
};

// A configuration and the document that may replace it.
struct Rules {
  config::ConfigurationPtr present;
  Bytes next_document;
};

struct Cast {
  Role peer;
  // The peer stands between the first two. The last one has a second Node-ID in its certificate, and is the
  // overlay's configuration-signer.
  std::array<Role, k_neighbors> neighbors;
  // As usual, and with messages so large that lists reach what their length can say.
  Rules usual;
  Rules large;
};
const Cast& cast();

}  // namespace ringway::fuzz
