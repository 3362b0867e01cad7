#include "reload/data/kind_purge.hpp"

#include <algorithm>

namespace ringway::data {

namespace {

constexpr std::size_t k_slice_kinds = 256;
constexpr Duration k_between_slices{10};
constexpr Duration k_before_repetition{1'000};

}  // namespace

void KindPurge::kinds_changed(MonoTime now, const config::Kinds& before, const config::Kinds& after) {
  std::erase_if(kinds_, [&](KindId kind) { return after.find(kind) != nullptr; });
  bool any = false;
  for (const auto& [id, definition] : before.all()) {
    const auto* still = after.find(id);
    if (still != nullptr && still->model == definition.model) continue;
    kinds_.insert(id);
    any = true;
  }
  if (any) start_over(now);
}

void KindPurge::start_over(MonoTime at) {
  scan_ = RangeScan(RingId{}, RingId{});
  again_ = false;
  next_at_ = at;
}

std::vector<KindAt> KindPurge::due(MonoTime now) {
  std::vector<KindAt> found;
  if (!next_at_ || *next_at_ > now) return found;
  if (scan_.done()) {
    if (again_) {
      start_over(now + k_before_repetition);
    } else {
      kinds_.clear();
      next_at_.reset();
    }
    return found;
  }
  next_at_ = now + k_between_slices;
  auto slice = scan_.next(*store_, k_slice_kinds);
  if (!slice) {
    start_over(now + k_before_repetition);
    return found;
  }
  std::copy_if(slice->begin(), slice->end(), std::back_inserter(found),
               [this](const KindAt& at) { return kinds_.contains(at.kind); });
  return found;
}

}  // namespace ringway::data
