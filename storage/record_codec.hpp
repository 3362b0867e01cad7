// How records, generations and certificates are written in a database: compact, versioned, decoded strictly.
// Keys are key_layout.hpp's; checksums are the database's.
//
//   record       version (1) = 1 ‖ data model (1) ‖ dead_from_ms (8) ‖ received_ms (8) ‖ signer_not_after_ms
//   (8)
//                ‖ signer's node (16) ‖ size (1) ‖ SHA-256 of the signer's certificate ‖ StoredData (RFC 6940
//                §7)
//   generation   version (1) = 1 ‖ counter (8) ‖ keep_until_ms (8)
//   certificate  version (1) = 1 ‖ keep_until_ms (8) ‖ DER
//
// dead_from_ms stands in front so that the compaction filter need not decode the rest. It follows from the
// other fields; a record in which it does not is refused.
#pragma once

#include <optional>

#include "reload/bytes.hpp"
#include "reload/data/value_store.hpp"
#include "reload/result.hpp"
#include "storage/retention.hpp"

namespace ringway::storage {

struct CertificateEntry {
  WallMs keep_until_ms = 0;
  SharedBytes der;

  bool reclaimable_at(WallMs now_ms) const { return now_ms > keep_until_ms; }
};

Bytes encode_record(const data::Record& record);
Result<data::RecordPtr> decode_record(SharedBytes bytes);
// dead_from_ms of an encoded record, without decoding it; nothing when it is not of a known version.
std::optional<WallMs> peek_dead_from_ms(BytesView bytes);

Bytes encode_generation(const GenerationEntry& entry);
Result<GenerationEntry> decode_generation(SharedBytes bytes);

Bytes encode_certificate(const CertificateEntry& entry);
Result<CertificateEntry> decode_certificate(SharedBytes bytes);
// keep_until_ms of an encoded certificate or generation, without decoding the rest.
std::optional<WallMs> peek_certificate_until_ms(BytesView bytes);
std::optional<WallMs> peek_generation_until_ms(BytesView bytes);

}  // namespace ringway::storage
