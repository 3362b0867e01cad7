#include "storage/rocks_read_errors.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace ringway::storage {
namespace {

// RocksDB keeps the words of an error alone.
bool is_of_a_sector(const rocksdb::Status& status) {
  static const std::string words = std::generic_category().message(EIO);
  return status.IsIOError() && status.ToString().find(words) != std::string::npos;
}

}  // namespace

bool ReadErrors::is_damage(const rocksdb::Status& status, const std::string& key, WallMs now_ms) {
  if (status.IsCorruption()) return true;
  if (!is_of_a_sector(status)) return false;
  const std::lock_guard lock(mutex_);
  const auto found = failing_.find(key);
  if (found == failing_.end() && failing_.size() >= k_most_failing_keys)
    failing_.erase(std::min_element(failing_.begin(), failing_.end(), [](const auto& a, const auto& b) {
      return a.second.last_ms < b.second.last_ms;
    }));
  Failing& failing = failing_[key];
  if (failing.first_ms == 0 || now_ms - failing.last_ms > k_sector_is_forgotten_after_ms)
    failing.first_ms = now_ms;  // also when the clock was set back
  failing.last_ms = now_ms;
  return now_ms - failing.first_ms >= k_sector_is_lost_after_ms;
}

void ReadErrors::good(const std::string& key) {
  const std::lock_guard lock(mutex_);
  if (!failing_.empty()) failing_.erase(key);
}

std::size_t ReadErrors::size() const {
  const std::lock_guard lock(mutex_);
  return failing_.size();
}

}  // namespace ringway::storage
