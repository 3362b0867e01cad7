// Why a request is refused: the RFC's error with its error_info (RFC 6940 §6.3.3.1).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/codes.hpp"

namespace ringway::data {

struct Refusal {
  wire::ErrorCode code = wire::ErrorCode::invalid_message;
  Bytes info;
  std::uint64_t generation_counter = 0;  // with generation_counter_too_low: the first differing Kind's
};

inline Refusal refuse(wire::ErrorCode code, std::string_view reason) {
  return {code, copy_of(ringway::view_of(reason)), 0};
}

// Error_Unknown_Kind lists the Kinds (RFC 6940 §7.4.1.2); the list's length is one byte.
inline Refusal refuse_unknown_kinds(std::vector<KindId> kinds) {
  constexpr std::size_t k_most = 255 / sizeof(KindId);
  if (kinds.size() > k_most) kinds.resize(k_most);
  return {wire::ErrorCode::unknown_kind, wire::encode(wire::UnknownKinds{std::move(kinds)}), 0};
}

}  // namespace ringway::data
