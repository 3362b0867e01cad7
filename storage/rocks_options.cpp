#include "storage/rocks_options.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>

#include <memory>
#include <string>

#include "storage/key_layout.hpp"
#include "storage/reclaim_filter.hpp"

namespace ringway::storage {
namespace {

constexpr double k_bloom_bits_per_key = 10;
constexpr std::size_t k_max_log_files = 4;
constexpr std::size_t k_max_log_file_bytes = 4U << 20;

rocksdb::BlockBasedTableOptions table_options(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(k_bloom_bits_per_key));
  // Indexes and filters count against the cache too, so that memory has one bound.
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  return table;
}

rocksdb::ColumnFamilyOptions family_options(const RocksSettings& settings,
                                            const rocksdb::BlockBasedTableOptions& table) {
  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = settings.write_buffer_bytes;
  family.compression = rocksdb::kLZ4Compression;
  // Until open() has checked the schema, nothing may be rewritten.
  family.disable_auto_compactions = true;
  // Files that no write touches are rewritten too, so that what has expired in them is reclaimed.
  family.periodic_compaction_seconds = settings.reclaim_interval_s;
  return family;
}

}  // namespace

rocksdb::DBOptions database_options(const RocksSettings& settings) {
  rocksdb::DBOptions database;
  if (settings.env != nullptr) database.env = settings.env;
  database.create_if_missing = true;
  database.create_missing_column_families = true;
  database.paranoid_checks = true;
  // A write that the power failure cut short was never acknowledged: recovery ends before it. (The stricter
  // modes refuse to open after a torn write; every peer of a site that lost power would stay down.)
  database.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  database.max_open_files = settings.max_open_files;
  database.db_write_buffer_size = 2 * settings.write_buffer_bytes;
  // Families that are seldom written must not hold back the log of those that are.
  database.max_total_wal_size = 4 * settings.write_buffer_bytes;
  database.max_background_jobs = 2;
  database.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  database.keep_log_file_num = k_max_log_files;
  database.max_log_file_size = k_max_log_file_bytes;
  return database;
}

std::vector<rocksdb::ColumnFamilyDescriptor> family_descriptors(const RocksSettings& settings) {
  const rocksdb::BlockBasedTableOptions table =
      table_options(rocksdb::NewLRUCache(settings.block_cache_bytes));
  const rocksdb::ColumnFamilyOptions plain = family_options(settings, table);

  // load() reads all items of one Kind at a resource: the filter is on that prefix.
  rocksdb::ColumnFamilyOptions values = plain;
  values.prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(k_kind_prefix_size_bytes));
  values.memtable_prefix_bloom_size_ratio = 0.05;
  values.compaction_filter_factory = record_reclaimer(settings.now);

  rocksdb::ColumnFamilyOptions generations = plain;
  generations.compaction_filter_factory = generation_reclaimer(settings.now);
  rocksdb::ColumnFamilyOptions certificates = plain;
  certificates.compaction_filter_factory = certificate_reclaimer(settings.now);

  return {{rocksdb::kDefaultColumnFamilyName, plain},
          {std::string(k_values_family), values},
          {std::string(k_generations_family), generations},
          {std::string(k_certificates_family), certificates},
          {std::string(k_facts_family), plain}};
}

}  // namespace ringway::storage
