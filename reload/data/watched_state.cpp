#include "reload/data/watched_state.hpp"

#include <algorithm>
#include <tuple>

#include "reload/ids.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::data {

namespace {

constexpr std::uint8_t k_token_version = 1;

std::tuple<const std::string&, const NodeId&> name_of(const WatchedState::ItemPtr& item) {
  return {item->entry.entry, item->entry.writer_node};
}

bool before(const WatchedState::ItemPtr& a, const WatchedState::ItemPtr& b) {
  return name_of(a) < name_of(b);
}

std::size_t size_of(const WatchedState::ItemPtr& item) {
  return item->entry.value.size() + item->entry.entry.size() + sizeof(WatchedState::Item);
}

}  // namespace

WatchedState WatchedState::of(const GetResult& got, WallMs now_ms) {
  WatchedState state;
  state.generation_ = got.generation;
  for (const Entry& entry : got.entries)
    state.insert(std::make_shared<const Item>(Item{entry, now_ms + WallMs{entry.lifetime_s} * 1000}));
  return state;
}

void WatchedState::insert(ItemPtr item) {
  bytes_ += size_of(item);
  items_.insert(std::upper_bound(items_.begin(), items_.end(), item, before), std::move(item));
}

// Under a shared key there is one value for each writer, elsewhere one for each entry, whoever of the owner's
// nodes has written it.
WatchedState WatchedState::with(bool shared, const std::string& entry, const wire::StoredData& value,
                                const security::ValueVerdict& verdict, WallMs now_ms) const {
  WatchedState next = *this;
  const auto same = [&](const ItemPtr& item) {
    return item->entry.entry == entry && (!shared || item->entry.writer_node == verdict.signer_node);
  };
  const auto present = std::find_if(next.items_.begin(), next.items_.end(), same);
  if (present != next.items_.end()) {
    if ((*present)->entry.storage_time_ms > value.storage_time_ms) return next;
    next.bytes_ -= size_of(*present);
    next.items_.erase(present);
  }
  if (!value.value.data.exists) return next;
  Entry written{entry,
                copy_of(value.value.data.value),
                verdict.signer->user_name(),
                verdict.signer_node,
                value.storage_time_ms,
                value.lifetime_s};
  next.insert(
      std::make_shared<const Item>(Item{std::move(written), now_ms + WallMs{value.lifetime_s} * 1000}));
  return next;
}

bool WatchedState::takes_back(const WatchedState& known, bool shared, WallMs now_ms) const {
  const auto is_kept = [&](const ItemPtr& item) {
    return std::any_of(items_.begin(), items_.end(), [&](const ItemPtr& mine) {
      return mine->entry.entry == item->entry.entry &&
             (!shared || mine->entry.writer_node == item->entry.writer_node) &&
             mine->entry.storage_time_ms >= item->entry.storage_time_ms;
    });
  };
  return std::any_of(known.items_.begin(), known.items_.end(),
                     [&](const ItemPtr& item) { return item->expires_ms > now_ms && !is_kept(item); });
}

GetResult WatchedState::result(WallMs now_ms, const std::optional<std::string>& entry) const {
  GetResult out;
  out.generation = generation_;
  for (const ItemPtr& item : items_) {
    if (item->expires_ms <= now_ms || (entry && item->entry.entry != *entry)) continue;
    out.entries.push_back(item->entry);
    out.entries.back().lifetime_s = static_cast<std::uint32_t>((item->expires_ms - now_ms + 999) / 1000);
  }
  return out;
}

std::string WatchedState::digest(const std::optional<std::string>& entry) const {
  wire::Writer out;
  for (const ItemPtr& item : items_) {
    if (entry && item->entry.entry != *entry) continue;
    out.opaque(4, ringway::view_of(item->entry.entry));
    out.raw(item->entry.writer_node.view());
    out.u64(item->entry.storage_time_ms);
  }
  return std::string(text_of(resource_id_of(BytesView{out.bytes()}).view()));
}

std::size_t WatchedState::largest_bytes(const std::optional<std::string>& entry) const {
  std::size_t largest = 0;
  for (const ItemPtr& item : items_)
    if (!entry || item->entry.entry == *entry) largest = std::max(largest, item->entry.value.size());
  return largest;
}

WallMs WatchedState::expires_ms() const {
  WallMs first = 0;
  for (const ItemPtr& item : items_)
    if (first == 0 || item->expires_ms < first) first = item->expires_ms;
  return first;
}

std::string token_of(const ResumePoint& point) {
  wire::Writer out;
  out.u8(k_token_version);
  out.raw(point.holder.view());
  out.u64(point.generation);
  out.raw(ringway::view_of(point.digest));
  return to_hex(out.bytes());
}

std::optional<ResumePoint> resume_point_of(const std::string& token) {
  Bytes bytes;
  if (!from_hex(token, bytes)) return std::nullopt;
  wire::Reader in(SharedBytes{std::move(bytes)});
  if (in.u8() != k_token_version) return std::nullopt;
  ResumePoint point;
  const SharedBytes holder = in.take(k_node_id_size_bytes);
  if (in.ok()) point.holder = as_node(ring_id_from(holder));
  point.generation = in.u64();
  const SharedBytes digest = in.take(k_node_id_size_bytes);
  point.digest = std::string(text_of(digest));
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return point;
}

}  // namespace ringway::data
