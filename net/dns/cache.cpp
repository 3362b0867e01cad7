#include "net/dns/cache.hpp"

namespace ringway::net::dns {

const Answer* Cache::find(const Asked& asked, MonoTime now) {
  const auto place = places_.find(asked);
  if (place == places_.end()) return nullptr;
  const auto entry = place->second;
  if (entry->until <= now) {
    forget(entry);
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  return &entry->answer;
}

void Cache::keep(const Asked& asked, Lasting answer, MonoTime now) {
  if (const auto place = places_.find(asked); place != places_.end()) forget(place->second);
  if (answer.lifetime <= Duration{0} || max_entries_ == 0) return;
  if (entries_.size() >= max_entries_) forget(std::prev(entries_.end()));
  entries_.push_front({asked, std::move(answer.answer), now + answer.lifetime});
  places_.emplace(asked, entries_.begin());
}

void Cache::forget(std::list<Entry>::iterator entry) {
  places_.erase(entry->asked);
  entries_.erase(entry);
}

}  // namespace ringway::net::dns
