#include "sim/check/ledger.hpp"

#include <algorithm>
#include <charconv>

namespace ringway::sim {

namespace {

constexpr std::size_t k_large_bytes = 1500;  // a message has 5000, and each writer a certificate

}  // namespace

std::uint64_t Ledger::attempt_of(const std::string& key, const Bytes& content_read) {
  const std::string_view text = text_of(content_read);
  if (text.size() <= key.size() || !text.starts_with(key) || text[key.size()] != '#') return 0;
  std::uint64_t attempt = 0;
  const auto [end, error] = std::from_chars(text.data() + key.size() + 1, text.data() + text.size(), attempt);
  return error == std::errc{} && equal(content(key, attempt), content_read) ? attempt : 0;
}

Bytes Ledger::content(const std::string& key, std::uint64_t attempt) {
  std::string text = key + "#" + std::to_string(attempt);
  if (key.starts_with(k_large_keys)) text.resize(k_large_bytes, '.');
  return copy_of(view_of(text));
}

bool Ledger::acknowledge(const std::string& key, const NodeId& writer, std::uint64_t attempt,
                         std::int64_t now_ms) {
  LedgerEntry& entry = entries_[key][writer];
  if (attempt < entry.acknowledged) return false;
  entry.acknowledged = attempt;
  entry.acknowledged_ms = now_ms;
  entry.excused = false;
  return true;
}

std::optional<Ledger::Fault> Ledger::judge(const std::string& key, const std::vector<data::Entry>& entries,
                                           bool quiet) const {
  const auto written = entries_.find(key);
  std::map<NodeId, std::uint64_t> read;
  for (const data::Entry& entry : entries) {
    const std::uint64_t attempt = attempt_of(key, entry.value);
    const bool known = written != entries_.end() && written->second.contains(entry.writer_node);
    if (attempt == 0 || !known || attempt > written->second.at(entry.writer_node).attempted)
      return Fault{Law::value_genuine, key + " has a value that nobody has written"};
    read[entry.writer_node] = attempt;
  }
  if (!quiet || written == entries_.end()) return std::nullopt;
  for (const auto& [writer, entry] : written->second) {
    if (entry.acknowledged == 0 || entry.excused) continue;
    const auto found = read.find(writer);
    if (found == read.end()) return Fault{Law::value_kept, key + " was acknowledged and is not found"};
    if (found->second < entry.acknowledged)
      return Fault{Law::value_fresh, key + " is read as it was after write " + std::to_string(found->second) +
                                         ", but write " + std::to_string(entry.acknowledged) +
                                         " was acknowledged"};
  }
  return std::nullopt;
}

bool Ledger::expects(const std::string& key) const {
  const auto written = entries_.find(key);
  return written != entries_.end() &&
         std::any_of(written->second.begin(), written->second.end(),
                     [](const auto& of) { return of.second.acknowledged > 0 && !of.second.excused; });
}

std::vector<std::string> Ledger::acknowledged_keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, writers] : entries_)
    if (std::any_of(writers.begin(), writers.end(),
                    [](const auto& of) { return of.second.acknowledged > 0; }))
      keys.push_back(key);
  return keys;
}

std::size_t Ledger::excused() const {
  std::size_t count = 0;
  for (const auto& [key, writers] : entries_)
    for (const auto& [writer, entry] : writers)
      if (entry.excused) ++count;
  return count;
}

}  // namespace ringway::sim
