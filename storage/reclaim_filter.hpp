// Compaction filters: what RocksDB may leave out when it rewrites its files. They only reclaim what data/
// would no longer show (retention.hpp); what they cannot read they keep, so that a read reports it.
#pragma once

#include <rocksdb/compaction_filter.h>

#include <functional>
#include <memory>

#include "reload/time.hpp"

namespace ringway::storage {

// `now` is called from RocksDB's threads, once per compaction.
std::shared_ptr<rocksdb::CompactionFilterFactory> record_reclaimer(std::function<WallMs()> now);
std::shared_ptr<rocksdb::CompactionFilterFactory> generation_reclaimer(std::function<WallMs()> now);
std::shared_ptr<rocksdb::CompactionFilterFactory> certificate_reclaimer(std::function<WallMs()> now);

}  // namespace ringway::storage
