#include "storage/rocks_reader.hpp"

#include <rocksdb/snapshot.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "storage/key_layout.hpp"
#include "storage/record_codec.hpp"

namespace ringway::storage {
namespace {

data::ItemKey item_of(const data::RecordPtr& record) { return data::item_key_of(record->stored.value); }

// And each once.
void put_in_order(std::vector<data::ItemKey>& items) {
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
}

// The point that a key in values or generations begins with; the first one for no key.
RingId point_of(std::string_view key) {
  std::string bytes(key.substr(0, k_node_id_size_bytes));
  bytes.resize(k_node_id_size_bytes, '\0');
  return ring_id_from(ringway::view_of(bytes));
}

std::optional<RingId> point_after(const RingId* point) {
  if (point == nullptr) return std::nullopt;
  const RingId next = ring_add(*point, ring_power_of_two(0));
  if (next == RingId{}) return std::nullopt;
  return next;
}

}  // namespace

bool RocksReader::is_damage(const rocksdb::Status& status, const std::string& key) {
  if (!errors_.is_damage(status, key, now_())) return false;
  mark_.set(status);
  return true;
}

rocksdb::Status RocksReader::look_up(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                                     rocksdb::PinnableSlice& value, const rocksdb::Snapshot* snapshot) {
  rocksdb::ReadOptions options;
  options.snapshot = snapshot;
  return database_.Get(options, family, rocksdb::Slice(key), &value);
}

Result<bool> RocksReader::get(rocksdb::ColumnFamilyHandle* family, std::string_view key,
                              rocksdb::PinnableSlice& value) {
  const rocksdb::Status status = look_up(family, key, value, nullptr);
  if (status.IsNotFound()) return false;
  if (status.ok()) return true;
  (void)is_damage(status, std::string(key));
  return failure_of("the store cannot read", status);
}

// ---- listing

Result<std::vector<data::KindAt>> RocksReader::list(const RingId& after, const RingId& up_to,
                                                    std::size_t limit) {
  std::vector<data::KindAt> out;
  // The first key behind every Kind of `after`: its largest key, and one byte more.
  std::string first_key = kind_key({as_resource(after), 0xFFFFFFFF});
  first_key.push_back('\0');
  const bool wraps = !(after < up_to);  // (x, x] is the whole ring
  Result<bool> full = collect(std::move(first_key), wraps ? nullptr : &up_to, limit, out);
  if (full && !*full && wraps) full = collect({}, &up_to, limit, out);
  if (!full) return full.error();
  return out;
}

// Appends Kinds from that key up to the end of the ring or `up_to`; true when `limit` was reached.
// Generations name the Kinds; where they are damaged records do, and where these are as well whatever was
// written since.
Result<bool> RocksReader::collect(std::string from, const RingId* up_to, std::size_t limit,
                                  std::vector<data::KindAt>& out) {
  while (true) {
    for (auto* family : {families_.generations, families_.values}) {
      const Result<Reach> reach = walk(family, from, up_to, limit, out);
      if (!reach) return reach.error();
      if (*reach != Reach::damage) return *reach == Reach::limit;
    }
    const RingId lost_from = point_of(from);
    auto behind = next_readable(lost_from);
    const bool ends = !behind || (up_to != nullptr && *behind > *up_to);
    if (ends) behind = point_after(up_to);
    overwritten_.begin(lost_from, behind);
    for (const data::KindAt& at : overwritten_.between(lost_from, behind)) {
      if (kind_key(at) < from) continue;
      if (out.size() >= limit && (out.empty() || out.back().resource != at.resource)) return true;
      rocksdb::PinnableSlice value;
      const bool is_there = look_up(families_.generations, kind_key(at), value, nullptr).ok();
      if (is_there && (out.empty() || out.back() < at || out.back().resource > at.resource))
        out.push_back(at);
    }
    if (ends) return out.size() >= limit;
    from = kind_key({as_resource(*behind), 0});
  }
}

// As collect(), by the keys of one family. `from` is moved on as far as it comes.
Result<RocksReader::Reach> RocksReader::walk(rocksdb::ColumnFamilyHandle* family, std::string& from,
                                             const RingId* up_to, std::size_t limit,
                                             std::vector<data::KindAt>& out) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> entry(database_.NewIterator(options, family));
  for (entry->Seek(from); entry->Valid(); entry->Next()) {
    data::KindAt at;
    if (!parse_kind_key(text_of(entry->key()).substr(0, k_kind_prefix_size_bytes), at)) continue;
    if (up_to != nullptr && static_cast<const RingId&>(at.resource) > *up_to) return Reach::all;
    // The Kinds of one resource stay together, so that the caller can go on after the resource.
    if (out.size() >= limit && (out.empty() || out.back().resource != at.resource)) return Reach::limit;
    if (!out.empty() && out.back() == at) continue;
    out.push_back(at);
    from = kind_key(at) + '\0';
  }
  if (entry->status().ok()) return out.size() >= limit ? Reach::limit : Reach::all;
  if (is_damage(entry->status(), from)) return Reach::damage;
  return failure_of("the store cannot list", entry->status());
}

// An iterator that has failed stays at its block, wherever it is to go next: there is a new one each time.
bool RocksReader::is_damaged_at(rocksdb::ColumnFamilyHandle* family, const RingId& point) {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> entry(database_.NewIterator(options, family));
  const std::string key = kind_key({as_resource(point), 0});
  entry->Seek(key);
  return is_damage(entry->status(), key);
}

// The next point from which one of the two families can be read: in ever larger steps to one that is, and
// back to the first. None: damaged up to the end of the ring.
std::optional<RingId> RocksReader::next_readable(const RingId& from) {
  const auto is_damaged = [&](const RingId& offset) {
    const RingId point = ring_add(from, offset);
    return !(point < from) && is_damaged_at(families_.generations, point) &&
           is_damaged_at(families_.values, point);
  };
  unsigned steps = 0;
  RingId damaged;  // the largest offset that is known to be
  for (; steps < k_ring_bits && is_damaged(ring_power_of_two(steps)); ++steps)
    damaged = ring_power_of_two(steps);
  while (steps > 1) {
    const RingId further = ring_add(damaged, ring_power_of_two(--steps - 1));
    if (is_damaged(further)) damaged = further;
  }
  const RingId next = ring_add(ring_add(from, damaged), ring_power_of_two(0));
  if (!(from < next)) return std::nullopt;
  return next;
}

// ---- one Kind

void RocksReader::Work::damaged(std::string what) {
  if (damage.what.empty()) damage.what = std::move(what);
}

Result<data::KindState> RocksReader::load(const data::KindAt& at) {
  rocksdb::ManagedSnapshot snapshot(&database_);
  // Behind the snapshot: what that shows was noted before.
  Work work{at, kind_key(at), snapshot.snapshot(),
            overwritten_.of(at, snapshot.snapshot()->GetSequenceNumber())};
  const auto found = load_generation(work);
  if (!found) return found.error();
  if (!*found) return std::move(work.state);
  if (const auto read = load_records(work); !read) return read.error();
  if (const auto read = hide_unsigned(work); !read) return read.error();
  if (work.damage.any())
    work.state.damage = std::make_shared<const data::Damage>(std::move(work.damage));
  else
    errors_.good(work.prefix);
  return std::move(work.state);
}

Result<bool> RocksReader::load_generation(Work& work) {
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = look_up(families_.generations, work.prefix, value, work.snapshot);
  if (status.IsNotFound()) return false;  // no record without a generation entry
  if (!status.ok()) {
    if (!is_damage(status, work.prefix)) return failure_of("the store cannot read", status);
    overwritten_.begin(work.at);
    work.damage.generation = true;
    work.damaged(failure_of("the generation cannot be read", status).reason);
    return true;
  }
  const Result<GenerationEntry> generation = decode_generation(shared_copy_of(value));
  if (generation) {
    work.state.generation_counter = generation->counter;
  } else {
    work.damage.generation = true;
    work.damaged(broken_entry("the generation", work.prefix, generation.error()).reason);
  }
  return true;
}

void RocksReader::add_record(Work& work, std::string_view key, const rocksdb::Slice& value) {
  Result<data::RecordPtr> record = decode_record(shared_copy_of(value));
  if (record && record_key(work.at, item_of(*record)) == key) {
    work.state.records.push_back(*std::move(record));
    return;
  }
  work.damage.items.push_back(copy_of(ringway::view_of(key.substr(work.prefix.size()))));
  const Failure why = record ? Failure{"it belongs to another key"} : record.error();
  work.damaged(broken_entry("the record", key, why).reason);
}

Outcome<> RocksReader::load_records(Work& work) {
  if (work.over && work.over->whole) return load_by_keys(work);
  rocksdb::ReadOptions options;
  options.snapshot = work.snapshot;
  options.prefix_same_as_start = true;
  const std::unique_ptr<rocksdb::Iterator> item(database_.NewIterator(options, families_.values));
  for (item->Seek(work.prefix); item->Valid() && item->key().starts_with(work.prefix); item->Next())
    add_record(work, text_of(item->key()), item->value());
  const rocksdb::Status status = item->status();
  if (status.ok()) return Done{};
  if (!is_damage(status, work.prefix)) return failure_of("the store cannot read", status);
  overwritten_.begin(work.at);
  work.damage.more = true;
  work.damaged(failure_of("records cannot be read", status).reason);
  load_backwards(work);
  if (const auto read = load_by_keys(work); !read) return read;
  auto& records = work.state.records;
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return item_of(a) < item_of(b); });
  records.erase(std::unique(records.begin(), records.end(),
                            [](const auto& a, const auto& b) { return item_of(a) == item_of(b); }),
                records.end());
  return Done{};
}

// What stands behind the damaged block.
void RocksReader::load_backwards(Work& work) {
  rocksdb::ReadOptions options;
  options.snapshot = work.snapshot;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> item(database_.NewIterator(options, families_.values));
  const std::string end = end_of_prefix(work.prefix);
  item->SeekForPrev(end);
  if (item->Valid() && item->key() == rocksdb::Slice(end)) item->Prev();
  for (; item->Valid() && item->key().starts_with(work.prefix); item->Prev())
    add_record(work, text_of(item->key()), item->value());
}

// What was written since, wherever that stands.
Outcome<> RocksReader::load_by_keys(Work& work) {
  if (!work.over) return Done{};
  for (const std::string& key : work.over->keys) {
    rocksdb::PinnableSlice value;
    const rocksdb::Status status = look_up(families_.values, key, value, work.snapshot);
    if (status.ok()) {
      add_record(work, key, value);
    } else if (is_damage(status, key)) {
      work.damage.items.push_back(copy_of(ringway::view_of(key).subspan(work.prefix.size())));
      work.damaged(failure_of("the record cannot be read", status).reason);
    } else if (!status.IsNotFound()) {
      return failure_of("the store cannot read", status);
    }
  }
  return Done{};
}

// What nobody can show to be signed nobody believes, this peer's replicas neither: a record whose writer's
// certificate is damaged is as good as damaged, and comes back with it.
Outcome<> RocksReader::hide_unsigned(Work& work) {
  std::map<Bytes, bool> readable;  // by the certificate's digest
  for (const data::RecordPtr& record : work.state.records) {
    const auto [known, is_new] = readable.try_emplace(record->signer_certificate_sha256, true);
    if (is_new) {
      const Result<bool> found = has_certificate(work, known->first);
      if (!found) return found.error();
      known->second = *found;
    }
    if (!known->second) work.damage.items.push_back(item_of(record));
  }
  std::erase_if(work.state.records, [&](const data::RecordPtr& record) {
    return !readable.at(record->signer_certificate_sha256);
  });
  put_in_order(work.damage.items);
  return Done{};
}

// One that was never kept is not damaged.
Result<bool> RocksReader::has_certificate(Work& work, const Bytes& sha256) {
  const std::string_view key = ringway::text_of(sha256);
  rocksdb::PinnableSlice value;
  const rocksdb::Status status = look_up(families_.certificates, key, value, nullptr);
  if (status.ok() && peek_certificate_until_ms(view_of(value))) {
    errors_.good(std::string(key));
    return true;
  }
  if (status.IsNotFound()) return true;
  if (!status.ok() && !is_damage(status, std::string(key)))
    return failure_of("the store cannot read", status);
  work.damaged("the certificate of a writer cannot be read: " +
               (status.ok() ? std::string("it is of no known form") : status.ToString()));
  return false;
}

}  // namespace ringway::storage
