#include "storage/rocks_read_errors.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace ringway::storage {
namespace {

// What Linux says of a place that it cannot give, not of the whole disk or of this process: the medium, the
// file system's own checks, a file that is not there any more.
constexpr std::array k_errors_of_a_place{EIO, ENODATA, EILSEQ, EREMOTEIO, EUCLEAN, EBADMSG, ENOENT};

// RocksDB keeps the words of an error alone.
bool is_of_a_place(const rocksdb::Status& status, const std::string& said) {
  static const auto words = [] {
    std::array<std::string, k_errors_of_a_place.size()> all;
    std::transform(k_errors_of_a_place.begin(), k_errors_of_a_place.end(), all.begin(),
                   [](int error) { return std::generic_category().message(error); });
    return all;
  }();
  return status.IsIOError() && std::any_of(words.begin(), words.end(), [&](const std::string& one) {
           return said.find(one) != std::string::npos;
         });
}

}  // namespace

ReadErrors::Failing& ReadErrors::note(Table& table, std::size_t most, const std::string& name,
                                      WallMs now_ms) {
  if (table.size() >= most && !table.contains(name))
    table.erase(std::min_element(table.begin(), table.end(), [](const auto& a, const auto& b) {
      return a.second.last_ms < b.second.last_ms;
    }));
  Failing& failing = table[name];
  if (failing.first_ms == 0 || now_ms - failing.last_ms > k_sector_is_forgotten_after_ms)
    failing.first_ms = now_ms;  // also when the clock was set back
  failing.last_ms = now_ms;
  return failing;
}

bool ReadErrors::is_damage(const rocksdb::Status& status, const std::string& key, WallMs now_ms) {
  if (status.IsCorruption()) return true;
  const std::string said = status.ToString();
  if (!is_of_a_place(status, said)) return false;
  const std::lock_guard lock(mutex_);
  Failing& here = note(keys_, k_most_failing_keys, key, now_ms);
  here.said = said;
  const Failing& place = note(places_, k_most_failing_places, said, now_ms);
  return now_ms - std::min(here.first_ms, place.first_ms) >= k_sector_is_lost_after_ms;
}

void ReadErrors::good(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = keys_.find(key);
  if (found == keys_.end()) return;
  places_.erase(found->second.said);
  keys_.erase(found);
}

std::size_t ReadErrors::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_.size();
}

std::size_t ReadErrors::places() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

}  // namespace ringway::storage
