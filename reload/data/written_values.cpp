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
  if (name.kind != 0) out.u32(name.kind);
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
  if (value.call.keep || value.noted_ms != 0) out.u32(value.call.keep ? value.call.lifetime_s : 0);
  if (value.noted_ms != 0) out.u64(value.noted_ms);
  return {fact_name(name_of(value.call)), out.take()};
}

Result<WrittenValue> written_value_of(const PutFact& fact) {
  const std::string_view name = std::string_view(fact.name).substr(std::string_view(k_written_fact).size());
  WrittenValue value;
  wire::Reader names(SharedBytes(copy_of(view_of(name))));
  value.call.key = text(names);
  value.call.entry = text(names);
  value.call.as_user = text(names);
  if (names.more()) value.call.kind = names.u32();
  wire::Reader in(SharedBytes(fact.value));
  value.storage_time_ms = in.u64();
  value.expires_ms = in.u64();
  value.certificate_sha256 = in.opaque_copy(1);
  value.call.value = in.opaque_copy(4);
  const std::uint32_t kept_for_s = in.more() ? in.u32() : 0;
  value.call.keep = kept_for_s != 0;
  if (value.call.keep) value.call.lifetime_s = kept_for_s;
  if (in.more()) value.noted_ms = in.u64();
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
  const PutCall& call = found->second.value.call;
  size_bytes_ -= size_of(call);
  if (call.keep) {
    --kept_;
    kept_bytes_ -= size_of(call);
    refreshes_.erase({found->second.value.refresh_ms(), found->first});
  } else {
    ages_.erase(found->second.age);
  }
  values_.erase(found);
}

void WrittenValues::set_taken(std::map<WrittenName, Place>::iterator found, bool taken) {
  found->second.taken = taken;
  if (!found->second.value.call.keep) return;
  const std::pair refresh{found->second.value.refresh_ms(), found->first};
  if (taken) {
    refreshes_.erase(refresh);
  } else {
    refreshes_.insert(refresh);
  }
}

void WrittenValues::remember(WrittenValue value) {
  PutFact fact = fact_of(value);
  insert(std::move(value));
  changes_.emplace_back(std::move(fact));
}

void WrittenValues::insert(WrittenValue value) {
  WrittenName name = name_of(value.call);
  if (const auto found = values_.find(name); found != values_.end()) erase(found);
  const std::size_t bytes = size_of(value.call);
  const bool keep = value.call.keep;
  size_bytes_ += bytes;
  if (keep) {
    ++kept_;
    kept_bytes_ += bytes;
    refreshes_.insert({value.refresh_ms(), name});
  }
  const auto age = keep ? ages_.end() : ages_.insert(ages_.end(), name);
  values_.emplace(std::move(name), Place{std::move(value), false, age});
  while (values_.size() > max_values_ || (size_bytes_ > max_bytes_ && values_.size() > 1)) {
    if (ages_.empty()) break;
    erase(values_.find(ages_.front()));
  }
}

// A quarter of all: what is signed again for a new certificate needs room as well.
bool WrittenValues::may_keep(const PutCall& call) const {
  std::size_t count = kept_ + 1;
  std::size_t bytes = kept_bytes_ + size_of(call);
  const auto present = values_.find(name_of(call));
  if (present != values_.end() && present->second.value.call.keep) {
    --count;
    bytes -= size_of(present->second.value.call);
  }
  return count <= max_values_ / 4 && bytes <= max_bytes_ / 4;
}

std::optional<WallMs> WrittenValues::next_refresh_ms() const {
  if (refreshes_.empty()) return std::nullopt;
  return refreshes_.begin()->first;
}

void WrittenValues::forget(const WrittenName& name) {
  if (const auto found = values_.find(name); found != values_.end()) erase(found);
}

const WrittenValue* WrittenValues::find(const WrittenName& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? nullptr : &found->second.value;
}

void WrittenValues::note(const WrittenName& name, std::uint64_t storage_time_ms) {
  const auto found = values_.find(name);
  if (found == values_.end() || storage_time_ms <= found->second.value.newest_own_ms()) return;
  found->second.value.noted_ms = storage_time_ms;
  changes_.emplace_back(fact_of(found->second.value));
}

void WrittenValues::postpone(const WrittenName& name, std::uint64_t storage_time_ms, MonoTime until) {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.value.storage_time_ms != storage_time_ms) return;
  set_taken(found, false);
  found->second.value.not_before = until;
}

bool WrittenValues::is_other(const WrittenValue& value, const CertificateOf& present) {
  const BytesView certificate = present(value.call.as_user);
  return !certificate.empty() && !equal(value.certificate_sha256, certificate);
}

std::vector<WrittenValue> WrittenValues::take_due(const Now& now, const CertificateOf& present,
                                                  std::size_t most) {
  std::vector<WrittenValue> out;
  for (auto at = values_.begin(); at != values_.end() && out.size() < most;) {
    const auto here = at++;
    Place& place = here->second;
    if (place.value.expires_ms <= now.wall_ms && !place.value.call.keep) {
      erase(here);
      continue;
    }
    if (place.taken || place.value.not_before > now.mono) continue;
    const bool refresh = place.value.call.keep && place.value.refresh_ms() <= now.wall_ms;
    if (!refresh && !is_other(place.value, present)) continue;
    set_taken(here, true);
    out.push_back(place.value);
  }
  return out;
}

bool WrittenValues::any_others(const CertificateOf& present) const {
  return std::any_of(values_.begin(), values_.end(),
                     [&](const auto& one) { return is_other(one.second.value, present); });
}

}  // namespace ringway::data
