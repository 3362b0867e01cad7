#include "storage/record_codec.hpp"

#include <algorithm>

#include "reload/wire/storage_bodies.hpp"

namespace ringway::storage {
namespace {
constexpr std::uint8_t k_record_version = 1;
constexpr std::size_t k_end_offset = 1;  // after the version
}  // namespace

Bytes encode_record(const data::Record& record) {
  wire::Writer out;
  out.reserve(256 + record.stored.value.data.value.size());
  out.u8(k_record_version);
  out.u64(std::min(record.expires_ms(), record.signer_not_after_ms));
  out.u64(record.received_ms);
  out.u64(record.signer_not_after_ms);
  out.raw(record.signer_node.view());
  out.opaque(1, record.signer_certificate_sha256);
  out.u8(static_cast<std::uint8_t>(record.stored.value.model));
  wire::write_stored_data(out, record.stored);
  return out.take();
}

Result<data::RecordPtr> decode_record(const SharedBytes& bytes) {
  wire::Reader in(bytes);
  if (in.u8() != k_record_version) return Failure{"record: unknown version"};
  auto record = std::make_shared<data::Record>();
  in.u64();  // the end, kept for the compaction filter
  record->received_ms = in.u64();
  record->signer_not_after_ms = in.u64();
  record->signer_node = in.node_id();
  record->signer_certificate_sha256 = copy_of(in.opaque(1));
  const std::uint8_t model = in.u8();
  if (model < 1 || model > 3) return Failure{"record: unknown data model"};
  wire::read_stored_data(in, static_cast<wire::DataModel>(model), record->stored);
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (!in.ok()) return Failure{"record: " + in.failure().reason, in.failure().offset};
  return data::RecordPtr(record);
}

WallMs record_ends_ms(BytesView bytes) {
  if (bytes.size() < k_end_offset + 8) return 0;
  WallMs end = 0;
  for (std::size_t i = 0; i < 8; ++i) end = (end << 8) | bytes[k_end_offset + i];
  return end;
}

}  // namespace ringway::storage
