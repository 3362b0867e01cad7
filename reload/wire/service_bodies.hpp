// What is stored about services: RedirServiceProvider (RFC 7374 §4.1) and TurnServer (RFC 6940 §9).
#pragma once

#include <cstdint>

#include "reload/bytes.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/destination.hpp"

namespace ringway::wire {

inline constexpr std::uint8_t k_no_redir_extension = 0;

struct RedirServiceProvider {
  std::uint8_t extension_type = k_no_redir_extension;  // others are allowed, and kept as they came
  DestinationList destinations;                        // the way to the provider
  Bytes service;                                       // "namespace" of the RFC; UTF-8, but opaque
  std::uint16_t level = 0;
  std::uint16_t node = 0;
  Bytes extension = {};
};

struct TurnServer {
  std::uint8_t iteration = 0;
  IpAddressPort server_address;
};

RINGWAY_WIRE_STRUCTURE(RedirServiceProvider);
RINGWAY_WIRE_STRUCTURE(TurnServer);

}  // namespace ringway::wire
