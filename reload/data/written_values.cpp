#include "reload/data/written_values.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

std::size_t size_of(const PutCall& call) {
  return call.key.size() + call.entry.size() + call.as_user.size() + call.value.size();
}

}  // namespace

void WrittenValues::erase(std::map<WrittenName, Place>::iterator found) {
  size_bytes_ -= size_of(found->second.value.call);
  ages_.erase(found->second.age);
  values_.erase(found);
}

void WrittenValues::remember(WrittenValue value) {
  WrittenName name = name_of(value.call);
  if (const auto found = values_.find(name); found != values_.end()) erase(found);
  size_bytes_ += size_of(value.call);
  const auto age = ages_.insert(ages_.end(), name);
  values_.emplace(std::move(name), Place{std::move(value), false, age});
  while (values_.size() > max_values_ || (size_bytes_ > max_bytes_ && values_.size() > 1))
    erase(values_.find(ages_.front()));
}

void WrittenValues::forget(const WrittenName& name) {
  if (const auto found = values_.find(name); found != values_.end()) erase(found);
}

void WrittenValues::postpone(const WrittenName& name, MonoTime until) {
  const auto found = values_.find(name);
  if (found == values_.end()) return;
  found->second.taken = false;
  found->second.value.not_before = until;
}

bool WrittenValues::is_other(const WrittenValue& value, const CertificateOf& present) {
  const BytesView certificate = present(value.call.as_user);
  return !certificate.empty() && !equal(value.certificate_sha256, certificate);
}

std::vector<WrittenValue> WrittenValues::take_others(const Now& now, const CertificateOf& present,
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
    if (!is_other(place.value, present)) continue;
    place.taken = true;
    out.push_back(place.value);
  }
  return out;
}

bool WrittenValues::any_others(const CertificateOf& present) const {
  return std::any_of(values_.begin(), values_.end(),
                     [&](const auto& one) { return is_other(one.second.value, present); });
}

}  // namespace ringway::data
