// The column families of an open database, and the words for what goes wrong in it. For the other files of
// RocksStore only.
#pragma once

#include <rocksdb/db.h>

#include <string>
#include <string_view>

#include "reload/bytes.hpp"
#include "reload/result.hpp"

namespace ringway::storage {

struct Families {
  rocksdb::ColumnFamilyHandle* values = nullptr;
  rocksdb::ColumnFamilyHandle* generations = nullptr;
  rocksdb::ColumnFamilyHandle* certificates = nullptr;
  rocksdb::ColumnFamilyHandle* facts = nullptr;
};

inline rocksdb::Slice slice_of(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string_view text_of(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }
inline BytesView view_of(const rocksdb::Slice& slice) { return ringway::view_of(text_of(slice)); }
// What is decoded outlives the database's buffer.
inline SharedBytes shared_copy_of(const rocksdb::Slice& slice) { return {copy_of(view_of(slice))}; }

inline Failure failure_of(std::string_view doing, const rocksdb::Status& status) {
  return {std::string(doing) + ": " + status.ToString()};
}
inline Failure broken_entry(std::string_view what, std::string_view key, const Failure& why) {
  return {std::string(what) + " at " + to_hex(ringway::view_of(key)) + " is broken at byte " +
          std::to_string(why.offset) + ": " + why.reason};
}

}  // namespace ringway::storage
