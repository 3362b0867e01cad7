// What a simulation has written, and what a read may therefore return. A shared key has one entry for each
// writer, and one writer's writes are ordered, so the model is kept by key and writer: each attempt has a
// number, and a read has to show the last acknowledged one or a later one. (An attempt without an answer may
// have been stored or not.)
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reload/data/api.hpp"
#include "sim/check/violation.hpp"

namespace ringway::sim {

struct LedgerEntry {
  std::uint64_t attempted = 0;
  std::uint64_t acknowledged = 0;  // 0: none
  std::int64_t acknowledged_ms = 0;
  // More neighbours have failed at once than the overlay promises to survive: anything may be read, until it
  // is written again.
  bool excused = false;
};

class Ledger {
 public:
  // Keys that begin so have large values: some of them are more than fits into one message.
  static constexpr const char* k_large_keys = "shared/large-";

  // The content of a writer's n-th attempt.
  static Bytes content(const std::string& key, std::uint64_t attempt);

  // Of such a content; 0: it is none.
  static std::uint64_t attempt_of(const std::string& key, const Bytes& content_read);

  std::uint64_t attempt(const std::string& key, const NodeId& writer) {
    return ++entries_[key][writer].attempted;
  }
  // False when a later attempt was acknowledged before.
  bool acknowledge(const std::string& key, const NodeId& writer, std::uint64_t attempt, std::int64_t now_ms);

  struct Fault {
    Law law;
    std::string what;
  };
  // What is wrong with what was read there; an empty `entries` stands for "not found". In a ring that is not
  // quiet, values may be old or not be found: then only what nobody has written is a fault.
  std::optional<Fault> judge(const std::string& key, const std::vector<data::Entry>& entries,
                             bool quiet) const;
  // Something acknowledged is there that is not excused.
  bool expects(const std::string& key) const;
  // Keys with something acknowledged, in order.
  std::vector<std::string> acknowledged_keys() const;

  std::map<std::string, std::map<NodeId, LedgerEntry>>& entries() { return entries_; }
  const std::map<std::string, std::map<NodeId, LedgerEntry>>& entries() const { return entries_; }
  std::size_t excused() const;

 private:
  std::map<std::string, std::map<NodeId, LedgerEntry>> entries_;
};

}  // namespace ringway::sim
