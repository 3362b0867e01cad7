#include "reload/data/reading.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <map>
#include <set>

#include "reload/data/range_scan.hpp"
#include "reload/data/records.hpp"

namespace ringway::data {

namespace {

using wire::DataModel;
using wire::ErrorCode;

// One thing asked for: a record, or word that there is none.
struct Item {
  RecordPtr record;
  std::uint32_t index = 0;
  SharedBytes key;
};
using Items = std::vector<Item>;

// Violations are refused (RFC 6940 §7.4.2.1, STORE-32).
bool acceptable_ranges(std::vector<wire::ArrayRange> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].first > ranges[i].last) return false;
    if (i > 0 && ranges[i].first <= ranges[i - 1].last) return false;
  }
  return true;
}

void select_array(const Records& alive, const std::vector<wire::ArrayRange>& ranges, Items& items) {
  const std::uint32_t end = alive.empty() ? 0 : alive.back()->stored.value.index;
  for (const wire::ArrayRange& range : ranges) {
    const std::uint32_t first = range.first == wire::k_array_end ? end : range.first;
    const std::uint32_t last = range.last == wire::k_array_end ? end : range.last;
    wire::StoredDataValue from;
    from.model = DataModel::array;
    from.index = first;
    bool any = false;
    for (auto at = lower_bound(alive, from); at != alive.end() && (*at)->stored.value.index <= last; ++at) {
      items.push_back({*at, 0, {}});
      any = true;
    }
    // A gap is made up for a single index only: a range may span four thousand million of them (AMB-20).
    if (!any && range.first == range.last) items.push_back({nullptr, first, {}});
  }
}

void select_keys(const Records& alive, const std::vector<Bytes>& keys, Items& items) {
  if (keys.empty()) {
    for (const RecordPtr& record : alive) items.push_back({record, 0, {}});
    return;
  }
  for (const Bytes& key : keys) {
    const auto found = find_key(alive, key);
    if (found != alive.end()) {
      items.push_back({*found, 0, {}});
    } else {
      items.push_back({nullptr, 0, SharedBytes{key}});
    }
  }
}

Items select(const Shelves& shelves, const KindState& state, const wire::StoredDataSpecifier& specifier) {
  Items items;
  // 0 never matches (AMB-19).
  if (specifier.generation_counter != 0 && specifier.generation_counter == state.generation_counter) {
    return items;
  }
  Records alive;
  alive.reserve(state.records.size());
  for (const RecordPtr& record : state.records) {
    if (counts(*record, shelves.configuration, shelves.now_ms)) {
      alive.push_back(record);
    } else if (record->alive_at(shelves.now_ms)) {
      ++shelves.revoked_values;
    }
  }
  switch (specifier.model) {
    case DataModel::single:
      items.push_back({alive.empty() ? nullptr : alive.front(), 0, {}});
      break;
    case DataModel::array:
      select_array(alive, specifier.indices, items);
      break;
    case DataModel::dictionary:
      select_keys(alive, specifier.keys, items);
      break;
  }
  return items;
}

// Nothing, or why the specifiers are not acceptable.
std::optional<Refusal> check_specifiers(const Shelves& shelves,
                                        const std::vector<wire::StoredDataSpecifier>& specifiers) {
  std::set<KindId> seen;
  std::vector<KindId> unknown;
  for (const auto& specifier : specifiers) {
    if (!seen.insert(specifier.kind).second) {
      return refuse(ErrorCode::invalid_message, "a Kind appears twice");
    }
    const auto* kind = shelves.configuration.kinds.find(specifier.kind);
    if (kind == nullptr || specifier.unknown_kind) {
      unknown.push_back(specifier.kind);
    } else if (kind->model != specifier.model) {
      return refuse(ErrorCode::invalid_message, "the specifier is not in the Kind's data model");
    } else if (!acceptable_ranges(specifier.indices)) {
      return refuse(ErrorCode::invalid_message, "array ranges overlap or end before they begin");
    }
  }
  if (!unknown.empty()) return refuse_unknown_kinds(std::move(unknown));
  return std::nullopt;
}

// Calls visit(specifier, state, items) for each specifier; nothing, or why it cannot be done.
template <typename Visit>
std::optional<Refusal> for_each_kind(const Shelves& shelves, const ResourceId& resource,
                                     const std::vector<wire::StoredDataSpecifier>& specifiers, Visit visit) {
  if (auto refused = check_specifiers(shelves, specifiers)) return refused;
  for (const auto& specifier : specifiers) {
    auto state = shelves.cache.committed({resource, specifier.kind});
    if (!state) return refuse(ErrorCode::request_timeout, state.error().reason);
    visit(specifier, **state, select(shelves, **state, specifier));
  }
  return std::nullopt;
}

wire::StoredMetaData stat_of(const Item& item, DataModel model, WallMs now_ms) {
  wire::StoredMetaData out;
  out.model = model;
  out.index = item.index;
  out.key = copy_of(item.key);
  if (item.record == nullptr) {
    out.metadata = metadata_of({});
    return out;
  }
  const auto& stored = item.record->stored;
  out.storage_time_ms = stored.storage_time_ms;
  out.lifetime_s = item.record->remaining_s(now_ms);
  out.index = stored.value.index;
  out.key = copy_of(stored.value.key);
  out.metadata = metadata_of(stored.value.data);
  return out;
}

// Whether the certificate that a record lacks is one that the disk does not give (ValueStore::load): memory
// has the record from before.
bool is_unreadable(const Shelves& shelves, const KindAt& at) {
  shelves.cache.forget(at);
  const auto state = shelves.cache.committed(at);
  return !state || (*state)->damage;
}

// A resource of that Kind with a value that is alive.
bool has_value(const Shelves& shelves, const KindAt& at) {
  const auto state = shelves.cache.committed(at);
  if (!state) return false;
  const auto& records = (*state)->records;
  return std::any_of(records.begin(), records.end(), [&](const RecordPtr& record) {
    return counts(*record, shelves.configuration, shelves.now_ms) && record->stored.value.data.exists;
  });
}

RingId predecessor_point(const RingId& id) { return ring_subtract(id, ring_power_of_two(0)); }

}  // namespace

AnswerResult answer_fetch(const Shelves& shelves, const ResourceId& resource,
                          const std::vector<wire::StoredDataSpecifier>& specifiers,
                          std::size_t max_size_bytes) {
  wire::FetchAns answer;
  CertificateSet certificates(shelves.certificates);
  std::size_t size_bytes = 0;
  bool unreadable = false;
  auto refused = for_each_kind(
      shelves, resource, specifiers, [&](const auto& specifier, const KindState& state, const Items& items) {
        wire::FetchKindResponse response;
        response.kind = specifier.kind;
        response.generation_counter = state.generation_counter;
        bool all_signed = true;
        for (const Item& item : items) {
          if (size_bytes > max_size_bytes) break;
          if (item.record != nullptr) {
            response.values.push_back(for_wire(*item.record, shelves.now_ms));
            all_signed = certificates.add(*item.record) && all_signed;
            size_bytes += wire_size_bytes(*item.record);
          } else {
            response.values.push_back(wire::absent_value(specifier.model, item.index, item.key));
            size_bytes += item.key.size();
          }
        }
        answer.kind_responses.push_back(std::move(response));
        unreadable = unreadable || (!all_signed && is_unreadable(shelves, {resource, specifier.kind}));
      });
  if (refused) return std::move(*refused);
  if (unreadable)
    return refuse(ErrorCode::in_progress,
                  "a writer's certificate cannot be read from the disk here: others may have it");
  Bytes body = size_bytes > max_size_bytes ? Bytes{} : wire::encode(answer);
  if (std::max(size_bytes, body.size()) + certificates.size_bytes() > max_size_bytes) {
    return refuse(ErrorCode::response_too_large, "ask for fewer values");
  }
  return Answer{wire::MessageCode::fetch_ans, std::move(body), certificates.take()};
}

AnswerResult answer_stat(const Shelves& shelves, const ResourceId& resource,
                         const std::vector<wire::StoredDataSpecifier>& specifiers,
                         std::size_t max_size_bytes) {
  wire::StatAns answer;
  auto refused = for_each_kind(shelves, resource, specifiers,
                               [&](const auto& specifier, const KindState& state, const Items& items) {
                                 wire::StatKindResponse response;
                                 response.kind = specifier.kind;
                                 response.generation_counter = state.generation_counter;
                                 for (const Item& item : items) {
                                   response.values.push_back(stat_of(item, specifier.model, shelves.now_ms));
                                 }
                                 answer.kind_responses.push_back(std::move(response));
                               });
  if (refused) return std::move(*refused);
  Bytes body = wire::encode(answer);
  if (body.size() > max_size_bytes) return refuse(ErrorCode::response_too_large, "ask for fewer values");
  return Answer{wire::MessageCode::stat_ans, std::move(body), {}};
}

AnswerResult answer_find(const Shelves& shelves, const ValueStore& store, const wire::FindReq& request,
                         const RingId& last) {
  constexpr std::size_t k_slice = 256;
  constexpr std::size_t k_max_slices = 16;  // a Find is answered at once; it looks no further than this
  std::map<KindId, std::optional<ResourceId>> closest;
  std::set<KindId> missing;
  for (const KindId kind : request.kinds) {
    if (!closest.emplace(kind, std::nullopt).second) {
      return refuse(ErrorCode::invalid_message, "a Kind appears twice");
    }
    if (shelves.configuration.kinds.find(kind) != nullptr) missing.insert(kind);
  }
  RangeScan scan(predecessor_point(ring_id_from(request.resource)), last);
  for (std::size_t slice = 0; slice < k_max_slices && !missing.empty() && !scan.done(); ++slice) {
    const auto listed = scan.next(store, k_slice);
    if (!listed) return refuse(ErrorCode::request_timeout, listed.error().reason);
    for (const KindAt& at : *listed) {
      if (!missing.contains(at.kind) || !has_value(shelves, at)) continue;
      closest[at.kind] = at.resource;
      missing.erase(at.kind);
    }
  }
  wire::FindAns answer;
  for (const KindId kind : request.kinds) {
    // None is the number 0, as wide as a Resource-ID (AMB-44).
    const ResourceId found = closest[kind].value_or(ResourceId{});
    answer.kind_responses.push_back({kind, copy_of(found.view())});
  }
  return Answer{wire::MessageCode::find_ans, wire::encode(answer), {}};
}

wire::MetaData metadata_of(const wire::DataValue& value) {
  wire::MetaData out;
  out.exists = value.exists;
  out.value_length = static_cast<std::uint32_t>(value.value.size());
  wire::Writer input;
  input.reserve(4 + value.value.size());
  input.opaque(4, value.value);
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  if (EVP_Digest(input.bytes().data(), input.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1) {
    out.hash = wire::HashAlgorithm::sha256;
    out.digest.assign(digest.begin(), digest.begin() + size);
  }
  return out;
}

}  // namespace ringway::data
