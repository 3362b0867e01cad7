// What a damaged database could hand to the record codec. The first byte picks the decoder.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "storage/record_codec.hpp"

namespace {

using namespace ringway;
using namespace ringway::storage;

void require(bool condition) {
  if (!condition) std::abort();
}

void try_record(const Bytes& bytes) {
  const auto record = decode_record(bytes);
  if (!record) return;
  require(encode_record(**record) == bytes);
  require(peek_dead_from_ms(bytes) == dead_from_ms(**record));
  (void)data::item_key_of((*record)->stored.value);
}

void try_generation(const Bytes& bytes) {
  const auto entry = decode_generation(bytes);
  if (!entry) return;
  require(encode_generation(*entry) == bytes);
  require(peek_generation_until_ms(bytes) == entry->keep_until_ms);
}

void try_certificate(const Bytes& bytes) {
  const auto entry = decode_certificate(bytes);
  if (!entry) return;
  require(encode_certificate(*entry) == bytes);
  require(peek_certificate_until_ms(bytes) == entry->keep_until_ms);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  if (size_bytes == 0) return 0;
  const Bytes bytes(data + 1, data + size_bytes);
  switch (data[0] % 3) {
    case 0:
      try_record(bytes);
      break;
    case 1:
      try_generation(bytes);
      break;
    default:
      try_certificate(bytes);
      break;
  }
  return 0;
}
