// Signed messages and values for tests, made as a peer makes them.
#pragma once

#include <string_view>
#include <vector>

#include "reload/security/signer.hpp"
#include "reload/wire/message.hpp"
#include "reload/wire/storage_bodies.hpp"

namespace ringway::test {

inline constexpr TransactionId k_transaction = 0x0123456789abcdef;

wire::StoredDataValue single_value(std::string_view text);
wire::StoredDataValue array_value(std::uint32_t index, std::string_view text);
wire::StoredDataValue dictionary_value(std::string_view key, std::string_view text);

wire::StoredData signed_value(const security::Signer& signer, const ResourceId& resource, KindId kind,
                              wire::StoredDataValue value, std::uint64_t storage_time_ms = 1'700'000'000'000,
                              std::uint32_t lifetime_s = 3600);

// A whole message with the signer's certificates and those given besides.
wire::Message signed_message(const security::Signer& signer, wire::MessageCode code, const Bytes& body,
                             const std::vector<SharedBytes>& more_certificates_der = {},
                             std::string_view overlay_name = "overlay.example.org");
inline SharedBytes encoded(const wire::Message& message) {
  return SharedBytes(wire::encode_message(message));
}

}  // namespace ringway::test
