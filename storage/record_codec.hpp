// Bytes of a record in the store: versioned, strict, with the two times first so that a compaction filter need not read
// the rest. docs/storage-format.md describes it.
#pragma once

#include "reload/bytes.hpp"
#include "reload/data/value_store.hpp"
#include "reload/result.hpp"
#include "reload/time.hpp"

namespace ringway::storage {

Bytes encode_record(const data::Record& record);
Result<data::RecordPtr> decode_record(const SharedBytes& bytes);
// The moment from which the record is not shown any more; 0 when the bytes are too short to tell.
WallMs record_ends_ms(BytesView bytes);

}  // namespace ringway::storage
