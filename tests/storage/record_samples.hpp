// Records to store. Signatures are made up: a store does not look at them.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "reload/data/value_store.hpp"

namespace ringway::storage {

inline constexpr WallMs k_start_ms = 1'800'000'000'000;
inline constexpr WallMs k_day_ms = 24ULL * 3600 * 1000;
inline constexpr WallMs k_year_ms = 365 * k_day_ms;

inline RingId point(std::uint8_t first, std::uint8_t last = 0) {
  RingId id;
  id.bytes.front() = first;
  id.bytes.back() = last;
  return id;
}
inline data::KindAt place(std::uint8_t first, KindId kind = 1, std::uint8_t last = 0) {
  return {as_resource(point(first, last)), kind};
}

inline data::Record sample_record(std::string_view text, std::uint32_t lifetime_s = 3600) {
  data::Record record;
  record.stored.storage_time_ms = k_start_ms;
  record.stored.lifetime_s = lifetime_s;
  record.stored.value.data = {true, copy_of(view_of(text))};
  record.stored.signature.hash = wire::HashAlgorithm::sha256;
  record.stored.signature.algorithm = wire::SignatureAlgorithm::ecdsa;
  record.stored.signature.identity = {wire::SignerIdentityType::cert_hash, wire::HashAlgorithm::sha256,
                                      Bytes(32, 0xCE)};
  record.stored.signature.value = Bytes(70, 0x51);
  record.received_ms = k_start_ms;
  record.signer_certificate_sha256 = Bytes(32, 0xCE);
  record.signer_node = as_node(point(0x77, 0x01));
  record.signer_not_after_ms = k_start_ms + k_year_ms;
  return record;
}

inline data::RecordPtr shared(data::Record record) {
  return std::make_shared<const data::Record>(std::move(record));
}
inline data::RecordPtr single(std::string_view text, std::uint32_t lifetime_s = 3600) {
  return shared(sample_record(text, lifetime_s));
}
inline data::RecordPtr entry(std::string_view key, std::string_view text, std::uint32_t lifetime_s = 3600) {
  data::Record record = sample_record(text, lifetime_s);
  record.stored.value.model = wire::DataModel::dictionary;
  record.stored.value.key = copy_of(view_of(key));
  return shared(std::move(record));
}
inline data::RecordPtr element(std::uint32_t index, std::string_view text, std::uint32_t lifetime_s = 3600) {
  data::Record record = sample_record(text, lifetime_s);
  record.stored.value.model = wire::DataModel::array;
  record.stored.value.index = index;
  return shared(std::move(record));
}
// The stand-in for a removed value (RFC 6940 §7.4.1.3).
inline data::RecordPtr tombstone(std::uint32_t lifetime_s = 3600) {
  data::Record record = sample_record("", lifetime_s);
  record.stored.value.data.exists = false;
  return shared(std::move(record));
}

inline std::string_view text_in(const data::RecordPtr& record) {
  return text_of(record->stored.value.data.value.view());
}

}  // namespace ringway::storage
