#include "reload/data/written_values.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

std::size_t size_of(const PutCall& call) { return call.key.size() + call.entry.size() + call.value.size(); }

}  // namespace

void WrittenValues::erase(std::map<Name, Place>::iterator found) {
  size_bytes_ -= size_of(found->second.value.call);
  ages_.erase(found->second.age);
  values_.erase(found);
}

void WrittenValues::remember(WrittenValue value) {
  Name name{value.call.key, value.call.entry};
  if (const auto found = values_.find(name); found != values_.end()) erase(found);
  size_bytes_ += size_of(value.call);
  const auto age = ages_.insert(ages_.end(), name);
  values_.emplace(std::move(name), Place{std::move(value), false, age});
  while (values_.size() > max_values_ || (size_bytes_ > max_bytes_ && values_.size() > 1))
    erase(values_.find(ages_.front()));
}

void WrittenValues::forget(const std::string& key, const std::string& entry) {
  if (const auto found = values_.find({key, entry}); found != values_.end()) erase(found);
}

void WrittenValues::postpone(const std::string& key, const std::string& entry, MonoTime until) {
  const auto found = values_.find({key, entry});
  if (found == values_.end()) return;
  found->second.taken = false;
  found->second.value.not_before = until;
}

std::vector<WrittenValue> WrittenValues::take_others(const Now& now, BytesView certificate_sha256,
                                                     std::size_t most) {
  std::vector<WrittenValue> out;
  for (auto at = values_.begin(); at != values_.end() && out.size() < most;) {
    const auto here = at++;
    Place& place = here->second;
    if (place.value.expires_ms <= now.wall_ms) {
      erase(here);
      continue;
    }
    if (place.taken || place.value.not_before > now.mono) continue;
    if (equal(place.value.certificate_sha256, certificate_sha256)) continue;
    place.taken = true;
    out.push_back(place.value);
  }
  return out;
}

bool WrittenValues::any_others(BytesView certificate_sha256) const {
  return std::any_of(values_.begin(), values_.end(), [&](const auto& one) {
    return !equal(one.second.value.certificate_sha256, certificate_sha256);
  });
}

}  // namespace ringway::data
