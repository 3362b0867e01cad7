// Where each thing lives in RocksDB. Numbers are big-endian, so that the order of keys is the order of the
// ring, of array indices and of dictionary keys. What the values look like: record_codec.hpp.
//
//   column family | key                                       | value
//   --------------+-------------------------------------------+------------------------------------
//   values        | resource (16) ‖ kind (4) ‖ item key       | one record
//   generations   | resource (16) ‖ kind (4)                  | generation counter, when to forget it
//   certificates  | SHA-256 of the certificate                | until when it is kept, certificate
//   facts         | '=' ‖ name                                | the bytes of the fact
//   facts         | "schema"                                  | the version of this layout (4)
//
// Every (resource, kind) that has a record has an entry in generations, so listing needs only that family.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/data/value_store.hpp"
#include "reload/ids.hpp"

namespace ringway::storage {

// Raised by a change that older programs would misread; a store of a newer schema is not opened.
inline constexpr std::uint32_t k_schema = 1;

inline constexpr std::string_view k_values_family = "values";
inline constexpr std::string_view k_generations_family = "generations";
inline constexpr std::string_view k_certificates_family = "certificates";
inline constexpr std::string_view k_facts_family = "facts";

inline constexpr std::string_view k_schema_key = "schema";
inline constexpr std::size_t k_kind_prefix_size_bytes = k_node_id_size_bytes + 4;

// resource ‖ kind: the key in generations, and what the keys in values start with.
std::string kind_key(const data::KindAt& at);
std::string record_key(const data::KindAt& at, BytesView item);
// The first key behind all that begin so.
std::string end_of_prefix(std::string prefix);
std::string fact_key(std::string_view name);
// The inverse of kind_key; false when the key has another size.
bool parse_kind_key(std::string_view key, data::KindAt& at);

}  // namespace ringway::storage
