// Message bodies of data storage: Store, Fetch, Stat, Find (RFC 6940 §7). A Kind's data model shapes its
// values, so decoding them needs a KindModels (Reader::kinds()); the values of a Kind that it does not know
// are kept as bytes.
#pragma once

#include <cstdint>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/ids.hpp"
#include "reload/wire/bodies.hpp"
#include "reload/wire/codec.hpp"
#include "reload/wire/message.hpp"

namespace ringway::wire {

inline constexpr std::uint32_t k_array_end = 0xFFFFFFFF;  // append on Store, last element in a range (AMB-12)

struct DataValue {
  bool exists = false;
  SharedBytes value;
};

// One value in the shape of its Kind's data model; `index` and `key` are used by array and dictionary only.
struct StoredDataValue {
  DataModel model = DataModel::single;
  std::uint32_t index = 0;
  SharedBytes key;
  DataValue data;
};

struct StoredData {
  std::uint64_t storage_time_ms = 0;
  std::uint32_t lifetime_s = 0;
  StoredDataValue value;
  SharedBytes
      value_wire;  // StoredDataValue as received: what the signature covers, index apart (WIRE-35, SEC-04)
  Signature signature;
};

struct StoreKindData {
  KindId kind = 0;
  std::uint64_t generation_counter = 0;
  std::vector<StoredData> values;
  bool unknown_kind = false;
  SharedBytes undecoded_values;  // the vector's bytes when the Kind is unknown
};
// Resource-IDs in bodies are kept as the bytes that came; data/ takes 16-byte ones.
struct StoreReq {
  Bytes resource;
  std::uint8_t replica_number = 0;
  std::vector<StoreKindData> kind_data;
};
struct StoreKindResponse {
  KindId kind = 0;
  std::uint64_t generation_counter = 0;
  std::vector<NodeId> replicas;
};
struct StoreAns {
  std::vector<StoreKindResponse> kind_responses;
};

struct ArrayRange {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  bool operator==(const ArrayRange&) const = default;
};
struct StoredDataSpecifier {
  KindId kind = 0;
  std::uint64_t generation_counter = 0;
  DataModel model = DataModel::single;
  std::vector<ArrayRange> indices;  // array
  std::vector<Bytes> keys;          // dictionary; none means all
  bool unknown_kind = false;
  SharedBytes undecoded;  // the model-specific bytes when the Kind is unknown
};
struct FetchReq {
  Bytes resource;
  std::vector<StoredDataSpecifier> specifiers;
};
struct StatReq {
  Bytes resource;
  std::vector<StoredDataSpecifier> specifiers;
};

struct FetchKindResponse {
  KindId kind = 0;
  std::uint64_t generation_counter = 0;
  std::vector<StoredData> values;
  bool unknown_kind = false;
  SharedBytes undecoded_values;
};
struct FetchAns {
  std::vector<FetchKindResponse> kind_responses;
};

struct MetaData {
  bool exists = false;
  std::uint32_t value_length = 0;
  HashAlgorithm hash = HashAlgorithm::none;
  Bytes digest;  // over the value with its 4 length bytes (RFC 6940 §7.4.3.2)
};
struct StoredMetaData {
  std::uint64_t storage_time_ms = 0;
  std::uint32_t lifetime_s = 0;
  DataModel model = DataModel::single;
  std::uint32_t index = 0;
  Bytes key;
  MetaData metadata;
};
struct StatKindResponse {
  KindId kind = 0;
  std::uint64_t generation_counter = 0;
  std::vector<StoredMetaData> values;
  bool unknown_kind = false;
  SharedBytes undecoded_values;
};
struct StatAns {
  std::vector<StatKindResponse> kind_responses;
};

struct FindReq {
  Bytes resource;
  std::vector<KindId> kinds;
};
struct FindKindResponse {
  KindId kind = 0;
  Bytes closest;
};  // all-zero or empty: none (AMB-44)
struct FindAns {
  std::vector<FindKindResponse> kind_responses;
};

// The unsigned stand-in for a value that is not there (RFC 6940 §7.4.2.2, STORE-36).
StoredData absent_value(DataModel model, std::uint32_t index, const SharedBytes& key);
bool is_absent(const StoredData& value);

RINGWAY_WIRE_STRUCTURE(StoredDataValue);  // read() uses the model already set in the value it is given
RINGWAY_WIRE_STRUCTURE(StoreReq);
RINGWAY_WIRE_STRUCTURE(StoreAns);
RINGWAY_WIRE_STRUCTURE(FetchReq);
RINGWAY_WIRE_STRUCTURE(StatReq);
RINGWAY_WIRE_STRUCTURE(FetchAns);
RINGWAY_WIRE_STRUCTURE(StatAns);
RINGWAY_WIRE_STRUCTURE(FindReq);
RINGWAY_WIRE_STRUCTURE(FindAns);
// A StoredData whose data model is known, as in a database record.
void read_stored_data(Reader& in, DataModel model, StoredData& out);
void write_stored_data(Writer& out, const StoredData& value);

}  // namespace ringway::wire
