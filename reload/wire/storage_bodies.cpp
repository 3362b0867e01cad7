#include "reload/wire/storage_bodies.hpp"

#include "reload/wire/vectors.hpp"

namespace ringway::wire {
namespace {

bool model_of(const Reader& in, KindId kind, DataModel& model) {
  return in.kinds() != nullptr && in.kinds()->model_of(kind, model);
}

DataValue read_data_value(Reader& in) {
  DataValue data;
  data.exists = in.boolean();
  data.value = in.opaque(4);
  return data;
}

// --- Values of one Kind: a list of StoredData, or its bytes when the Kind is unknown.

// KindData: StoreKindData or FetchKindResponse, which are laid out alike.
template <typename KindData>
KindData read_kind_data(Reader& in) {
  KindData data;
  data.kind = in.u32();
  data.generation_counter = in.u64();
  DataModel model{};
  data.unknown_kind = !model_of(in, data.kind, model);
  if (data.unknown_kind) {
    data.undecoded_values = in.opaque(4);
    return data;
  }
  read_vector(in, 4, data.values, [model](Reader& part) {
    StoredData value;
    read_stored_data(part, model, value);
    return value;
  });
  return data;
}

template <typename KindData>
void write_kind_data(Writer& out, const KindData& data) {
  out.u32(data.kind);
  out.u64(data.generation_counter);
  if (data.unknown_kind) {
    out.opaque(4, data.undecoded_values);
  } else {
    write_vector(out, 4, data.values, write_stored_data);
  }
}

// --- Specifiers.

ArrayRange read_range(Reader& in) {
  ArrayRange range;
  range.first = in.u32();
  range.last = in.u32();
  return range;
}

void write_range(Writer& out, const ArrayRange& range) {
  out.u32(range.first);
  out.u32(range.last);
}

StoredDataSpecifier read_specifier(Reader& in) {
  StoredDataSpecifier specifier;
  specifier.kind = in.u32();
  specifier.generation_counter = in.u64();
  specifier.unknown_kind = !model_of(in, specifier.kind, specifier.model);
  Reader body = in.vector(2);
  if (specifier.unknown_kind) {
    specifier.undecoded = body.take(body.remaining());
  } else if (specifier.model == DataModel::array) {
    read_vector(body, 2, specifier.indices, read_range);
  } else if (specifier.model == DataModel::dictionary) {
    read_vector(body, 2, specifier.keys, [](Reader& part) { return part.opaque_copy(2); });
  }
  in.finish(body);
  return specifier;
}

void write_specifier(Writer& out, const StoredDataSpecifier& specifier) {
  out.u32(specifier.kind);
  out.u64(specifier.generation_counter);
  const std::size_t mark = out.begin(2);
  if (specifier.unknown_kind) {
    out.raw(specifier.undecoded);
  } else if (specifier.model == DataModel::array) {
    write_vector(out, 2, specifier.indices, write_range);
  } else if (specifier.model == DataModel::dictionary) {
    write_vector(out, 2, specifier.keys, [](Writer& to, const Bytes& key) { to.opaque(2, key); });
  }
  out.end(mark, 2);
}

// FetchReq and StatReq are laid out alike (RFC 6940 §7.4.3.1).
template <typename Request>
void read_query(Reader& in, Request& out) {
  out.resource = in.resource_id();
  read_vector(in, 2, out.specifiers, read_specifier);
}

template <typename Request>
void write_query(Writer& out, const Request& value) {
  out.resource_id(value.resource);
  write_vector(out, 2, value.specifiers, write_specifier);
}

// --- Metadata of one Kind.

MetaData read_metadata(Reader& in) {
  MetaData metadata;
  metadata.exists = in.boolean();
  metadata.value_length = in.u32();
  metadata.hash = static_cast<HashAlgorithm>(in.u8());
  metadata.digest = in.opaque_copy(1);
  return metadata;
}

// Its first field, called value_length in the RFC, counts what follows in the structure (AMB-14).
StoredMetaData read_stored_metadata(Reader& in, DataModel model) {
  StoredMetaData out;
  Reader part = in.vector(4);
  out.storage_time_ms = part.u64();
  out.lifetime_s = part.u32();
  out.model = model;
  if (model == DataModel::array) out.index = part.u32();
  if (model == DataModel::dictionary) out.key = part.opaque_copy(2);
  out.metadata = read_metadata(part);
  in.finish(part);
  return out;
}

void write_stored_metadata(Writer& out, const StoredMetaData& value) {
  const std::size_t mark = out.begin(4);
  out.u64(value.storage_time_ms);
  out.u32(value.lifetime_s);
  if (value.model == DataModel::array) out.u32(value.index);
  if (value.model == DataModel::dictionary) out.opaque(2, value.key);
  out.boolean(value.metadata.exists);
  out.u32(value.metadata.value_length);
  out.u8(static_cast<std::uint8_t>(value.metadata.hash));
  out.opaque(1, value.metadata.digest);
  out.end(mark, 4);
}

StatKindResponse read_stat_response(Reader& in) {
  StatKindResponse response;
  response.kind = in.u32();
  response.generation_counter = in.u64();
  DataModel model{};
  response.unknown_kind = !model_of(in, response.kind, model);
  if (response.unknown_kind) {
    response.undecoded_values = in.opaque(4);
  } else {
    read_vector(in, 4, response.values, [model](Reader& part) { return read_stored_metadata(part, model); });
  }
  return response;
}

void write_stat_response(Writer& out, const StatKindResponse& response) {
  out.u32(response.kind);
  out.u64(response.generation_counter);
  if (response.unknown_kind) {
    out.opaque(4, response.undecoded_values);
  } else {
    write_vector(out, 4, response.values, write_stored_metadata);
  }
}

// --- Answers to Store and Find.

StoreKindResponse read_store_response(Reader& in) {
  StoreKindResponse response;
  response.kind = in.u32();
  response.generation_counter = in.u64();
  read_node_ids(in, response.replicas);
  return response;
}

void write_store_response(Writer& out, const StoreKindResponse& response) {
  out.u32(response.kind);
  out.u64(response.generation_counter);
  write_node_ids(out, response.replicas);
}

FindKindResponse read_find_response(Reader& in) {
  FindKindResponse response;
  response.kind = in.u32();
  response.closest = in.resource_id();
  return response;
}

void write_find_response(Writer& out, const FindKindResponse& response) {
  out.u32(response.kind);
  out.resource_id(response.closest);
}

}  // namespace

StoredData absent_value(DataModel model, std::uint32_t index, const SharedBytes& key) {
  StoredData absent;
  absent.value.model = model;
  if (model == DataModel::array) absent.value.index = index;
  if (model == DataModel::dictionary) absent.value.key = key;
  absent.value_wire = encode(absent.value);
  absent.signature.identity_wire = encode(absent.signature.identity);
  return absent;
}

bool is_absent(const StoredData& value) {
  return !value.value.data.exists && value.value.data.value.empty() &&
         value.signature.identity.type == SignerIdentityType::none && value.signature.value.empty();
}

void read(Reader& in, StoredDataValue& out) {
  if (out.model == DataModel::array) out.index = in.u32();
  if (out.model == DataModel::dictionary) out.key = in.opaque(2);
  out.data = read_data_value(in);
}
void write(Writer& out, const StoredDataValue& value) {
  if (value.model == DataModel::array) out.u32(value.index);
  if (value.model == DataModel::dictionary) out.opaque(2, value.key);
  out.boolean(value.data.exists);
  out.opaque(4, value.data.value);
}

void read_stored_data(Reader& in, DataModel model, StoredData& out) {
  Reader part = in.vector(4);
  out.storage_time_ms = part.u64();
  out.lifetime_s = part.u32();
  const std::size_t value_start = part.position();
  out.value.model = model;
  read(part, out.value);
  out.value_wire = part.since(value_start);
  read(part, out.signature);
  in.finish(part);
}
void write_stored_data(Writer& out, const StoredData& value) {
  const std::size_t mark = out.begin(4);
  out.u64(value.storage_time_ms);
  out.u32(value.lifetime_s);
  write(out, value.value);
  write(out, value.signature);
  out.end(mark, 4);
}

void read(Reader& in, StoreReq& out) {
  out.resource = in.resource_id();
  out.replica_number = in.u8();
  read_vector(in, 4, out.kind_data, read_kind_data<StoreKindData>);
}
void write(Writer& out, const StoreReq& value) {
  out.resource_id(value.resource);
  out.u8(value.replica_number);
  write_vector(out, 4, value.kind_data, write_kind_data<StoreKindData>);
}

void read(Reader& in, StoreAns& out) { read_vector(in, 2, out.kind_responses, read_store_response); }
void write(Writer& out, const StoreAns& value) {
  write_vector(out, 2, value.kind_responses, write_store_response);
}

void read(Reader& in, FetchReq& out) { read_query(in, out); }
void write(Writer& out, const FetchReq& value) { write_query(out, value); }
void read(Reader& in, StatReq& out) { read_query(in, out); }
void write(Writer& out, const StatReq& value) { write_query(out, value); }

void read(Reader& in, FetchAns& out) {
  read_vector(in, 4, out.kind_responses, read_kind_data<FetchKindResponse>);
}
void write(Writer& out, const FetchAns& value) {
  write_vector(out, 4, value.kind_responses, write_kind_data<FetchKindResponse>);
}

void read(Reader& in, StatAns& out) { read_vector(in, 4, out.kind_responses, read_stat_response); }
void write(Writer& out, const StatAns& value) {
  write_vector(out, 4, value.kind_responses, write_stat_response);
}

void read(Reader& in, FindReq& out) {
  out.resource = in.resource_id();
  read_kind_ids(in, out.kinds);
}
void write(Writer& out, const FindReq& value) {
  out.resource_id(value.resource);
  write_kind_ids(out, value.kinds);
}

void read(Reader& in, FindAns& out) { read_vector(in, 2, out.kind_responses, read_find_response); }
void write(Writer& out, const FindAns& value) {
  write_vector(out, 2, value.kind_responses, write_find_response);
}

}  // namespace ringway::wire
