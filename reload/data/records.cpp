#include "reload/data/records.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

// Item keys order by index or by the bytes of the dictionary key; a single value has one item only.
bool before(const wire::StoredDataValue& a, const wire::StoredDataValue& b) {
  if (b.model == wire::DataModel::array) return a.index < b.index;
  if (b.model == wire::DataModel::dictionary) return text_of(a.key) < text_of(b.key);
  return false;
}

}  // namespace

Records::const_iterator lower_bound(const Records& records, const wire::StoredDataValue& item) {
  return std::lower_bound(records.begin(), records.end(), item,
                          [](const RecordPtr& record, const wire::StoredDataValue& value) {
                            return before(record->stored.value, value);
                          });
}

Records::const_iterator find(const Records& records, const wire::StoredDataValue& item) {
  const auto found = lower_bound(records, item);
  if (found == records.end() || before(item, (*found)->stored.value)) return records.end();
  return found;
}

Records::const_iterator find_key(const Records& records, BytesView dictionary_key) {
  const auto found = std::lower_bound(
      records.begin(), records.end(), text_of(dictionary_key),
      [](const RecordPtr& record, std::string_view key) { return text_of(record->stored.value.key) < key; });
  if (found == records.end() || !equal((*found)->stored.value.key, dictionary_key)) return records.end();
  return found;
}

bool same_signed(const wire::StoredData& a, const wire::StoredData& b) {
  return a.storage_time_ms == b.storage_time_ms && a.value.data.exists == b.value.data.exists &&
         equal(a.value.key, b.value.key) && equal(a.value.data.value, b.value.data.value) &&
         equal(a.signature.identity_wire, b.signature.identity_wire) &&
         equal(a.signature.value, b.signature.value);
}

RecordPtr make_record(const wire::StoredData& value, const security::ValueVerdict& verdict, WallMs now_ms) {
  wire::Writer out;
  out.reserve(wire_size_bytes(Record{value, 0, {}, {}, 0}));
  wire::write_stored_data(out, value);
  wire::Reader in(SharedBytes{out.take()});
  auto record = std::make_shared<Record>();
  wire::read_stored_data(in, value.value.model, record->stored);
  record->received_ms = now_ms;
  record->signer_certificate_sha256 = copy_of(verdict.signer->sha256());
  record->signer_node = verdict.signer_node;
  record->signer_not_after_ms = verdict.signer->not_after_ms();
  return record;
}

bool counts(const Record& record, const config::Configuration& configuration, WallMs now_ms) {
  return record.alive_at(now_ms) && !configuration.is_bad_node(record.signer_node);
}

wire::StoredData for_wire(const Record& record, WallMs now_ms) {
  wire::StoredData value = record.stored;
  value.lifetime_s = record.remaining_s(now_ms);
  return value;
}

std::size_t wire_size_bytes(const Record& record) {
  constexpr std::size_t k_fixed_bytes = 4 + 8 + 4 + 2 + 2;  // length, times, algorithm, signature's length
  return k_fixed_bytes + record.stored.value_wire.size() + record.stored.signature.identity_wire.size() +
         record.stored.signature.value.size();
}

}  // namespace ringway::data
