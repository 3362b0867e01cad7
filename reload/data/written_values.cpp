#include "reload/data/written_values.hpp"

#include <algorithm>
#include <string_view>

#include "reload/wire/codec.hpp"

namespace ringway::data {

namespace {

std::size_t size_of(const PutCall& call) {
  return call.key.size() + call.entry.size() + call.as_user.size() + call.value.size();
}

std::string fact_name(const WrittenName& name) {
  wire::Writer out;
  for (const std::string* part : {&name.key, &name.entry, &name.as_user}) out.opaque(4, view_of(*part));
  return k_written_fact + std::string(text_of(out.bytes()));
}

std::string text(wire::Reader& in) { return std::string(text_of(in.opaque(4).view())); }

}  // namespace

PutFact fact_of(const WrittenValue& value) {
  wire::Writer out;
  out.u64(value.storage_time_ms);
  out.u64(value.expires_ms);
  out.opaque(1, value.certificate_sha256);
  out.opaque(4, value.call.value);
  return {fact_name(name_of(value.call)), out.take()};
}

Result<WrittenValue> written_value_of(const PutFact& fact) {
  const std::string_view name = std::string_view(fact.name).substr(std::string_view(k_written_fact).size());
  WrittenValue value;
  wire::Reader names(SharedBytes(copy_of(view_of(name))));
  value.call.key = text(names);
  value.call.entry = text(names);
  value.call.as_user = text(names);
  wire::Reader in(SharedBytes(fact.value));
  value.storage_time_ms = in.u64();
  value.expires_ms = in.u64();
  value.certificate_sha256 = in.opaque_copy(1);
  value.call.value = in.opaque_copy(4);
  for (wire::Reader* part : {&names, &in}) {
    if (part->ok() && !part->at_end()) part->fail("bytes left over");
    if (!part->ok()) return part->failure();
  }
  return value;
}

// One that cannot be read is forgotten: it was put, only nobody will sign it again.
Outcome<> WrittenValues::load(const ValueStore& store) {
  auto facts = store.list_facts(k_written_fact, max_values_);
  if (!facts) return facts.error();
  for (const PutFact& fact : *facts) {
    auto value = written_value_of(fact);
    if (value) {
      insert(std::move(*value));
    } else {
      changes_.emplace_back(DropFact{fact.name});
    }
  }
  return Done{};
}

void WrittenValues::erase(std::map<WrittenName, Place>::iterator found) {
  changes_.emplace_back(DropFact{fact_name(found->first)});
  size_bytes_ -= size_of(found->second.value.call);
  ages_.erase(found->second.age);
  values_.erase(found);
}

void WrittenValues::remember(WrittenValue value) {
  PutFact fact = fact_of(value);
  insert(std::move(value));
  changes_.emplace_back(std::move(fact));
}

void WrittenValues::insert(WrittenValue value) {
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
