#include "tests/wire-vectors/known_kinds.hpp"
#include "tests/wire-vectors/samples.hpp"

namespace ringway::wire_vectors {
namespace {

using namespace wire;

constexpr std::uint64_t k_generation = 0x0102030405060708;

Bytes text(std::string_view words) { return copy_of(view_of(words)); }
Bytes resource() { return copy_of(resource_id_of("alice@dht.example.com").view()); }

struct Model {
  std::string name;
  DataModel model;
  KindId kind;
};
const std::vector<Model>& models() {
  static const std::vector<Model> all{{"single", DataModel::single, k_single_kind},
                                      {"array", DataModel::array, k_array_kind},
                                      {"dictionary", DataModel::dictionary, k_dictionary_kind}};
  return all;
}

StoredData value(DataModel model) {
  StoredData stored;
  stored.storage_time_ms = 1'700'000'000'000;
  stored.lifetime_s = 86400;
  stored.value.model = model;
  if (model == DataModel::array) stored.value.index = 3;
  if (model == DataModel::dictionary) stored.value.key = text("key");
  stored.value.data = {true, text("a value")};
  stored.signature = sample_signature();
  return stored;
}

template <typename T>
BodySample sample(std::string name, MessageCode code, const T& structure, Fields fields = {}) {
  return {std::move(name), code, encode(structure), std::move(fields)};
}

std::string hex(std::string_view words) { return to_hex(view_of(words)); }
std::string decimal(std::uint64_t n) { return std::to_string(n); }

BodySample store(const Model& m) {
  StoreReq request{resource(), 1, {}};
  StoreKindData data;
  data.kind = m.kind;
  data.generation_counter = k_generation;
  data.values = {value(m.model), value(m.model)};
  request.kind_data = {data};
  Fields fields{
      {"opaque", {to_hex(resource()), hex("a value"), to_hex(Bytes(64, 0x51)), to_hex(Bytes(32, 0xC1))}},
      {"reload.store.replica_number", {"1"}},
      {"reload.kinddata.kind", {decimal(m.kind)}},
      {"reload.generation_counter", {decimal(k_generation)}},
      {"reload.storeddata.lifetime", {"86400", "86400"}},
      {"reload.datavalue.exists", {"1", "1"}},
      {"reload.signeridentityvalue.hash_alg", {"4", "4", "4"}}};
  if (m.model == DataModel::array) fields.push_back({"reload.arrayentry.index", {"3", "3"}});
  if (m.model == DataModel::dictionary) fields.push_back({"opaque", {hex("key")}});
  return sample("store_req " + m.name, MessageCode::store_req, request, fields);
}

BodySample fetch_answer(const Model& m) {
  FetchKindResponse data;
  data.kind = m.kind;
  data.generation_counter = k_generation;
  data.values = {value(m.model), absent_value(m.model, 5, text("none"))};
  Fields fields{{"reload.generation_counter", {decimal(k_generation)}},
                {"reload.storeddata.lifetime", {"86400", "0"}},
                {"reload.datavalue.exists", {"1", "0"}},
                {"reload.signature.identity.type", {"1", "3", "1"}}};
  if (m.model == DataModel::array) fields.push_back({"reload.arrayentry.index", {"3", "5"}});
  return sample("fetch_ans " + m.name, MessageCode::fetch_ans, FetchAns{{data}}, fields);
}

StoredDataSpecifier specifier(const Model& m) {
  StoredDataSpecifier out;
  out.kind = m.kind;
  out.generation_counter = k_generation;
  out.model = m.model;
  if (m.model == DataModel::array) out.indices = {{0, 7}, {9, k_array_end}};
  if (m.model == DataModel::dictionary) out.keys = {text("key"), text("other")};
  return out;
}

BodySample stat_answer(const Model& m) {
  StoredMetaData stored;
  stored.storage_time_ms = 1'700'000'000'000;
  stored.lifetime_s = 600;
  stored.model = m.model;
  if (m.model == DataModel::array) stored.index = 3;
  if (m.model == DataModel::dictionary) stored.key = text("key");
  stored.metadata = {true, 7, HashAlgorithm::sha256, Bytes(32, 0xAB)};
  StatKindResponse data;
  data.kind = m.kind;
  data.generation_counter = k_generation;
  data.values = {stored};
  Fields fields{{"reload.generation_counter", {decimal(k_generation)}},
                {"reload.storeddata.lifetime", {"600"}},
                {"reload.datavalue.exists", {"1"}},
                {"reload.metadata.value_length", {"7"}},
                {"opaque", {to_hex(Bytes(32, 0xAB))}}};
  if (m.model == DataModel::array) fields.push_back({"reload.arrayentry.index", {"3"}});
  return sample("stat_ans " + m.name, MessageCode::stat_ans, StatAns{{data}}, fields);
}

void add_finds(std::vector<BodySample>& out) {
  const FindReq find{resource(), {k_single_kind, k_array_kind}};
  out.push_back(sample("find_req", MessageCode::find_req, find,
                       {{"reload.kindid", {decimal(k_single_kind), decimal(k_array_kind)}}}));
  const FindAns found{{{k_single_kind, resource()}, {k_array_kind, Bytes(16, 0)}}};
  out.push_back(sample("find_ans", MessageCode::find_ans, found,
                       {{"opaque", {to_hex(resource()), std::string(32, '0')}},
                        {"reload.kinddata.kind", {decimal(k_single_kind), decimal(k_array_kind)}}}));
}

}  // namespace

std::vector<BodySample> storage_bodies() {
  std::vector<BodySample> out;
  for (const Model& m : models()) {
    out.push_back(store(m));
    out.push_back(fetch_answer(m));
    const Fields asked{{"opaque", {to_hex(resource())}},
                       {"reload.kinddata.kind", {decimal(m.kind)}},
                       {"reload.generation_counter", {decimal(k_generation)}}};
    out.push_back(
        sample("fetch_req " + m.name, MessageCode::fetch_req, FetchReq{resource(), {specifier(m)}}, asked));
    out.push_back(
        sample("stat_req " + m.name, MessageCode::stat_req, StatReq{resource(), {specifier(m)}}, asked));
    out.push_back(stat_answer(m));
  }
  const StoreAns stored{
      {{k_single_kind, 10, {sample_node(0x21), sample_node(0x41)}}, {k_array_kind, 11, {}}}};
  out.push_back(sample("store_ans", MessageCode::store_ans, stored,
                       {{"reload.generation_counter", {"10", "11"}},
                        {"reload.nodeid", {sample_node(0x21).hex(), sample_node(0x41).hex()}}}));
  add_finds(out);
  return out;
}

}  // namespace ringway::wire_vectors
