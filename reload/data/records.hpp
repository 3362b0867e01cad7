// Records within a Kind: finding one among the ordered, comparing two, making one from what was received.
#pragma once

#include <vector>

#include "reload/config/configuration.hpp"
#include "reload/data/value_store.hpp"
#include "reload/security/inspector.hpp"

namespace ringway::data {

using Records = std::vector<RecordPtr>;

// Where the record of that item is, or would be inserted; -1, 0 or 1 as an item key orders against a
// record's.
Records::const_iterator lower_bound(const Records& records, const wire::StoredDataValue& item);
Records::const_iterator find(const Records& records, const wire::StoredDataValue& item);
Records::const_iterator find_key(const Records& records, BytesView dictionary_key);

// The same signed value: value, storage_time and signature (AMB-17). Index and lifetime are not covered.
bool same_signed(const wire::StoredData& a, const wire::StoredData& b);

// Copies the value's bytes into one buffer of their own, so that a record does not keep a whole message
// alive.
RecordPtr make_record(const wire::StoredData& value, const security::ValueVerdict& verdict, WallMs now_ms);

// Alive, and not of a writer that the configuration names as a bad-node: what such a one has signed is
// neither shown nor copied any more, and gives way to any other value (RFC 6940 §11.1).
bool counts(const Record& record, const config::Configuration& configuration, WallMs now_ms);

// As it goes on the wire: with what remains of its lifetime (STORE-19, AMB-22).
wire::StoredData for_wire(const Record& record, WallMs now_ms);
// Of for_wire(), with its length field.
std::size_t wire_size_bytes(const Record& record);

}  // namespace ringway::data
