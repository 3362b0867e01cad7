// How RocksDB is set up: what the database as a whole and each column family is tuned for.
#pragma once

#include <rocksdb/db.h>

#include <vector>

#include "storage/rocks_store.hpp"

namespace ringway::storage {

rocksdb::DBOptions database_options(const RocksSettings& settings);
// Every column family, the unused default one first.
std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const RocksSettings& settings);

}  // namespace ringway::storage
