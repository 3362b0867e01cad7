#include "services/decode/bodies.hpp"
#include "services/decode/names.hpp"
#include "services/decode/parts.hpp"

namespace ringway::services {
namespace {

// "kind" and, when it has one, its name.
Json with_kind(KindId kind) {
  Json out{{"kind", kind}};
  if (const auto name = name_of_kind(kind); !name.empty()) out["kind_name"] = name;
  return out;
}

Json data_value(const wire::DataValue& data) { return {{"exists", data.exists}, {"value", hex(data.value)}}; }

Json stored_value(const wire::StoredDataValue& value) {
  switch (value.model) {
    case wire::DataModel::single:
      return {{"single_value_entry", data_value(value.data)}};
    case wire::DataModel::array:
      return {{"array_entry", {{"index", value.index}, {"value", data_value(value.data)}}}};
    case wire::DataModel::dictionary:
      break;
  }
  return {{"dictionary_entry", {{"key", hex(value.key)}, {"value", data_value(value.data)}}}};
}

Json stored_data(const wire::StoredData& stored) {
  wire::Writer whole;
  wire::write_stored_data(whole, stored);
  return {{"length", whole.size() - 4},  // it does not count itself
          {"storage_time", stored.storage_time_ms},
          {"lifetime", stored.lifetime_s},
          {"value", stored_value(stored.value)},
          {"signature", to_json(stored.signature)}};
}

// Values of a Kind that is not known stay bytes: their shape is the Kind's.
template <typename Values, typename ToJson>
Json values_or_hex(bool unknown_kind, const SharedBytes& undecoded, const Values& values, ToJson to_json_of) {
  if (unknown_kind) return hex(undecoded);
  Json out = Json::array();
  for (const auto& value : values) out.push_back(to_json_of(value));
  return out;
}

Json specifier(const wire::StoredDataSpecifier& from) {
  Json out = with_kind(from.kind);
  out["generation"] = from.generation_counter;
  if (from.unknown_kind) {
    out["model_specifier"] = hex(from.undecoded);
  } else if (from.model == wire::DataModel::array) {
    Json ranges = Json::array();
    for (const auto& range : from.indices) ranges.push_back({{"first", range.first}, {"last", range.last}});
    out["indices"] = std::move(ranges);
  } else if (from.model == wire::DataModel::dictionary) {
    Json keys = Json::array();
    for (const auto& key : from.keys) keys.push_back(hex(key));
    out["keys"] = std::move(keys);
  }
  return out;
}

Json meta_data(const wire::MetaData& data) {
  return {{"exists", data.exists},
          {"value_length", data.value_length},
          {"hash_algorithm", name_of_hash(data.hash)},
          {"hash_value", hex(data.digest)}};
}

Json stored_meta_data(const wire::StoredMetaData& stored) {
  Json metadata;
  if (stored.model == wire::DataModel::array) {
    metadata["array_entry"] = {{"index", stored.index}, {"value", meta_data(stored.metadata)}};
  } else if (stored.model == wire::DataModel::dictionary) {
    metadata["dictionary_entry"] = {{"key", hex(stored.key)}, {"value", meta_data(stored.metadata)}};
  } else {
    metadata["single_value_entry"] = meta_data(stored.metadata);
  }
  return {{"storage_time", stored.storage_time_ms},
          {"lifetime", stored.lifetime_s},
          {"metadata", std::move(metadata)}};
}

template <typename Request>
Json read_request(const Request& body) {
  Json specifiers = Json::array();
  for (const auto& each : body.specifiers) specifiers.push_back(specifier(each));
  return {{"resource", hex(body.resource)}, {"specifiers", std::move(specifiers)}};
}

}  // namespace

Json to_json(const wire::StoreReq& body) {
  Json kinds = Json::array();
  for (const auto& data : body.kind_data) {
    Json kind = with_kind(data.kind);
    kind["generation_counter"] = data.generation_counter;
    kind["values"] = values_or_hex(data.unknown_kind, data.undecoded_values, data.values, stored_data);
    kinds.push_back(std::move(kind));
  }
  return {{"resource", hex(body.resource)},
          {"replica_number", body.replica_number},
          {"kind_data", std::move(kinds)}};
}

Json to_json(const wire::StoreAns& body) {
  Json responses = Json::array();
  for (const auto& response : body.kind_responses) {
    Json kind = with_kind(response.kind);
    kind["generation_counter"] = response.generation_counter;
    kind["replicas"] = to_json(response.replicas);
    responses.push_back(std::move(kind));
  }
  return {{"kind_responses", std::move(responses)}};
}

Json to_json(const wire::FetchReq& body) { return read_request(body); }
Json to_json(const wire::StatReq& body) { return read_request(body); }

Json to_json(const wire::FetchAns& body) {
  Json responses = Json::array();
  for (const auto& response : body.kind_responses) {
    Json kind = with_kind(response.kind);
    kind["generation"] = response.generation_counter;
    kind["values"] =
        values_or_hex(response.unknown_kind, response.undecoded_values, response.values, stored_data);
    responses.push_back(std::move(kind));
  }
  return {{"kind_responses", std::move(responses)}};
}

Json to_json(const wire::StatAns& body) {
  Json responses = Json::array();
  for (const auto& response : body.kind_responses) {
    Json kind = with_kind(response.kind);
    kind["generation"] = response.generation_counter;
    kind["values"] =
        values_or_hex(response.unknown_kind, response.undecoded_values, response.values, stored_meta_data);
    responses.push_back(std::move(kind));
  }
  return {{"kind_responses", std::move(responses)}};
}

Json to_json(const wire::FindReq& body) { return {{"resource", hex(body.resource)}, {"kinds", body.kinds}}; }

Json to_json(const wire::FindAns& body) {
  Json results = Json::array();
  for (const auto& response : body.kind_responses) {
    Json kind = with_kind(response.kind);
    kind["closest"] = hex(response.closest);
    results.push_back(std::move(kind));
  }
  return {{"results", std::move(results)}};
}

}  // namespace ringway::services
