// Answers of DNS for as long as they hold, the least used of them forgotten first. No I/O, and the time is
// passed in.
#pragma once

#include <cstddef>
#include <list>
#include <map>
#include <string>
#include <utility>

#include "net/dns/answer.hpp"
#include "reload/time.hpp"

namespace ringway::net::dns {

struct Asked {
  std::string name;
  RecordType type = RecordType::a;
  auto operator<=>(const Asked&) const = default;
};

class Cache {
 public:
  explicit Cache(std::size_t max_entries) : max_entries_(max_entries) {}

  // Null: not known, or not any more.
  const Answer* find(const Asked& asked, MonoTime now);
  void keep(const Asked& asked, Lasting answer, MonoTime now);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Asked asked;
    Answer answer;
    MonoTime until;
  };
  void forget(std::list<Entry>::iterator entry);

  std::size_t max_entries_;
  std::list<Entry> entries_;  // the last used first
  std::map<Asked, std::list<Entry>::iterator> places_;
};

}  // namespace ringway::net::dns
