#include "storage/record_codec.hpp"

#include <memory>
#include <utility>

#include "reload/wire/codec.hpp"
#include "reload/wire/codes.hpp"

namespace ringway::storage {
namespace {

constexpr std::uint8_t k_record_version = 1;
constexpr std::uint8_t k_generation_version = 1;
constexpr std::uint8_t k_certificate_version = 1;

constexpr std::size_t k_record_dead_from_offset = 2;
constexpr std::size_t k_generation_until_offset = 9;
constexpr std::size_t k_certificate_until_offset = 1;
// What a record adds to its StoredData, with a SHA-256; for reserving space.
constexpr std::size_t k_record_overhead_bytes = 128;

void read_version(wire::Reader& in, std::uint8_t expected) {
  if (in.u8() != expected) in.fail("unknown version");
}

wire::DataModel read_model(wire::Reader& in) {
  const std::uint8_t number = in.u8();
  if (number < 1 || number > 3) {
    in.fail("unknown data model");
    return wire::DataModel::single;
  }
  return static_cast<wire::DataModel>(number);
}

std::optional<WallMs> peek_u64(BytesView bytes, std::uint8_t version, std::size_t offset) {
  if (bytes.size() < offset + 8 || bytes[0] != version) return std::nullopt;
  WallMs number = 0;
  for (const std::uint8_t byte : bytes.subspan(offset, 8)) number = number << 8 | byte;
  return number;
}

}  // namespace

Bytes encode_record(const data::Record& record) {
  wire::Writer out;
  out.reserve(k_record_overhead_bytes + record.stored.value.data.value.size() +
              record.stored.value.key.size() + record.stored.signature.value.size());
  out.u8(k_record_version);
  out.u8(static_cast<std::uint8_t>(record.stored.value.model));
  out.u64(dead_from_ms(record));
  out.u64(record.received_ms);
  out.u64(record.signer_not_after_ms);
  out.raw(record.signer_node.view());
  out.opaque(1, record.signer_certificate_sha256);
  wire::write_stored_data(out, record.stored);
  return out.take();
}

Result<data::RecordPtr> decode_record(SharedBytes bytes) {
  wire::Reader in(std::move(bytes));
  auto record = std::make_shared<data::Record>();
  read_version(in, k_record_version);
  const wire::DataModel model = read_model(in);
  const WallMs dead_from = in.u64();
  record->received_ms = in.u64();
  record->signer_not_after_ms = in.u64();
  record->signer_node = in.node_id();
  record->signer_certificate_sha256 = copy_of(in.opaque(1));
  wire::read_stored_data(in, model, record->stored);
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (in.ok() && dead_from != dead_from_ms(*record)) in.fail("its end contradicts its lifetime");
  if (!in.ok()) return in.failure();
  return data::RecordPtr(std::move(record));
}

std::optional<WallMs> peek_dead_from_ms(BytesView bytes) {
  return peek_u64(bytes, k_record_version, k_record_dead_from_offset);
}

Bytes encode_generation(const GenerationEntry& entry) {
  wire::Writer out;
  out.u8(k_generation_version);
  out.u64(entry.counter);
  out.u64(entry.keep_until_ms);
  return out.take();
}

Result<GenerationEntry> decode_generation(SharedBytes bytes) {
  wire::Reader in(std::move(bytes));
  GenerationEntry entry;
  read_version(in, k_generation_version);
  entry.counter = in.u64();
  entry.keep_until_ms = in.u64();
  if (in.ok() && !in.at_end()) in.fail("bytes left over");
  if (!in.ok()) return in.failure();
  return entry;
}

std::optional<WallMs> peek_generation_until_ms(BytesView bytes) {
  return peek_u64(bytes, k_generation_version, k_generation_until_offset);
}

Bytes encode_certificate(const CertificateEntry& entry) {
  wire::Writer out;
  out.u8(k_certificate_version);
  out.u64(entry.keep_until_ms);
  out.raw(entry.der);
  return out.take();
}

Result<CertificateEntry> decode_certificate(SharedBytes bytes) {
  wire::Reader in(std::move(bytes));
  CertificateEntry entry;
  read_version(in, k_certificate_version);
  entry.keep_until_ms = in.u64();
  entry.der = in.take(in.remaining());
  if (!in.ok()) return in.failure();
  return entry;
}

std::optional<WallMs> peek_certificate_until_ms(BytesView bytes) {
  return peek_u64(bytes, k_certificate_version, k_certificate_until_offset);
}

}  // namespace ringway::storage
