#include "reload/data/copies.hpp"

#include <algorithm>

#include "reload/data/message_budget.hpp"

namespace ringway::data {

namespace {

constexpr std::size_t k_least_budget_bytes = 512;
constexpr Duration k_copy_deadline{5000};

routing::SendRequest request(CopyContext& context, const wire::Destination& to, wire::MessageCode code,
                             Bytes body) {
  routing::SendRequest out;
  out.origin = routing::Origin::replication;
  out.token = ++context.last_request;
  out.destination = {to};
  out.code = code;
  out.body = SharedBytes{std::move(body)};
  out.deadline = k_copy_deadline;
  return out;
}

wire::StoredDataSpecifier specifier_of(KindId kind, const Records& records) {
  wire::StoredDataSpecifier specifier;
  specifier.kind = kind;
  if (!records.empty()) specifier.model = records.front()->stored.value.model;
  for (const RecordPtr& record : records) {
    const auto& value = record->stored.value;
    if (value.model == wire::DataModel::array) specifier.indices.push_back({value.index, value.index});
    if (value.model == wire::DataModel::dictionary) specifier.keys.push_back(copy_of(value.key));
  }
  return specifier;
}

// Of an array's item key.
std::uint32_t index_of(const ItemKey& item) {
  std::uint32_t index = 0;
  for (const std::uint8_t byte : item) index = index << 8U | byte;
  return index;
}

}  // namespace

std::size_t copy_budget_bytes(const CopyContext& context) {
  const std::size_t used = k_message_frame_bytes + context.settings.own_certificates_bytes;
  const std::size_t most = context.configuration->max_message_size_bytes;
  return std::max(most, used + k_least_budget_bytes) - used;
}

std::size_t copy_size_bytes(CopyContext& context, const Record& record) {
  CertificateSet certificates(context.certificates);
  certificates.add(record);
  return wire_size_bytes(record) + certificates.size_bytes();
}

routing::SendRequest store_copies(CopyContext& context, const CopyPart& part, const wire::Destination& to,
                                  std::uint8_t replica_number, WallMs now_ms) {
  wire::StoreReq store;
  store.resource = copy_of(part.resource.view());
  store.replica_number = replica_number;
  CertificateSet certificates(context.certificates);
  for (const auto& [at, generation] : part.generations) {
    wire::StoreKindData kind;
    kind.kind = at.kind;
    kind.generation_counter = std::max<std::uint64_t>(generation, 1);  // never 0 in a copy (STORE-12)
    for (const auto& [record_at, record] : part.records) {
      if (record_at != at || !counts(*record, *context.configuration, now_ms)) continue;
      kind.values.push_back(for_wire(*record, now_ms));
      certificates.add(*record);
    }
    store.kind_data.push_back(std::move(kind));
  }
  auto out = request(context, to, wire::MessageCode::store_req, wire::encode(store));
  out.certificates_der = certificates.take();
  ++context.statistics.copies_sent;
  return out;
}

routing::SendRequest fetch_items(CopyContext& context, const CopyPart& part, const wire::Destination& to) {
  wire::FetchReq fetch;
  fetch.resource = copy_of(part.resource.view());
  for (const auto& [at, generation] : part.generations) {
    Records records;
    for (const auto& [record_at, record] : part.records) {
      if (record_at == at) records.push_back(record);
    }
    if (!records.empty()) fetch.specifiers.push_back(specifier_of(at.kind, records));
  }
  auto out = request(context, to, wire::MessageCode::fetch_req, wire::encode(fetch));
  out.fetch_resource = part.resource;
  return out;
}

routing::SendRequest fetch_items(CopyContext& context, const KindAt& at, const std::vector<ItemKey>& items,
                                 const wire::Destination& to) {
  wire::StoredDataSpecifier specifier;
  specifier.kind = at.kind;
  (void)context.configuration->kinds.model_of(at.kind, specifier.model);
  for (const ItemKey& item : items) {
    if (specifier.model == wire::DataModel::dictionary) specifier.keys.push_back(item);
    if (specifier.model != wire::DataModel::array) continue;
    const std::uint32_t index = index_of(item);
    specifier.indices.push_back({index, index});
  }
  wire::FetchReq fetch;
  fetch.resource = copy_of(at.resource.view());
  fetch.specifiers.push_back(std::move(specifier));
  auto out = request(context, to, wire::MessageCode::fetch_req, wire::encode(fetch));
  out.fetch_resource = at.resource;
  return out;
}

routing::SendRequest stat_kind(CopyContext& context, const KindAt& at, const wire::Destination& to) {
  wire::StoredDataSpecifier specifier;
  specifier.kind = at.kind;
  (void)context.configuration->kinds.model_of(at.kind, specifier.model);
  if (specifier.model == wire::DataModel::array) specifier.indices.push_back({0, wire::k_array_end});
  wire::StatReq stat;
  stat.resource = copy_of(at.resource.view());
  stat.specifiers.push_back(std::move(specifier));
  return request(context, to, wire::MessageCode::stat_req, wire::encode(stat));
}

}  // namespace ringway::data
