#include "storage/rocks_salvage.hpp"

#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "storage/rocks_families.hpp"
#include "storage/rocks_options.hpp"

namespace ringway::storage {

void SalvageMark::set(const rocksdb::Status& damage) const {
  if (noted_.exchange(true)) return;
  std::ofstream out(path_);
  out << damage.ToString() << '\n';
  out.close();
  if (!out) noted_ = false;
}

bool SalvageMark::is_set() const {
  std::error_code ignored;
  return std::filesystem::exists(path_, ignored);
}

void SalvageMark::remove() const {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

Outcome<> salvage(const RocksSettings& settings) {
  const rocksdb::Status status =
      rocksdb::RepairDB(settings.directory, database_options(settings), family_descriptors(settings));
  if (!status.ok()) return failure_of("cannot sort out the damaged files in " + settings.directory, status);
  return Done{};
}

}  // namespace ringway::storage
