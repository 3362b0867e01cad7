#include "storage/reclaim_filter.hpp"

#include <optional>
#include <string>
#include <utility>

#include "storage/record_codec.hpp"
#include "storage/rocks_families.hpp"

namespace ringway::storage {
namespace {

using IsReclaimable = bool (*)(BytesView value, WallMs now_ms);

bool record_is_dead(BytesView value, WallMs now_ms) {
  const std::optional<WallMs> dead_from_ms = peek_dead_from_ms(value);
  return dead_from_ms && now_ms >= *dead_from_ms;
}
bool generation_is_over(BytesView value, WallMs now_ms) {
  const std::optional<WallMs> until_ms = peek_generation_until_ms(value);
  return until_ms && now_ms > *until_ms;
}
bool certificate_is_over(BytesView value, WallMs now_ms) {
  const std::optional<WallMs> until_ms = peek_certificate_until_ms(value);
  return until_ms && now_ms > *until_ms;
}

class ReclaimFilter final : public rocksdb::CompactionFilter {
 public:
  ReclaimFilter(IsReclaimable is_reclaimable, WallMs now_ms)
      : is_reclaimable_(is_reclaimable), now_ms_(now_ms) {}

  const char* Name() const override { return "ringway.ReclaimFilter"; }
  bool Filter(int /*level*/, const rocksdb::Slice& /*key*/, const rocksdb::Slice& value,
              std::string* /*new_value*/, bool* /*value_changed*/) const override {
    return is_reclaimable_(view_of(value), now_ms_);
  }

 private:
  IsReclaimable is_reclaimable_;
  WallMs now_ms_;
};

class ReclaimFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  ReclaimFilterFactory(IsReclaimable is_reclaimable, std::function<WallMs()> now)
      : is_reclaimable_(is_reclaimable), now_(std::move(now)) {}

  const char* Name() const override { return "ringway.ReclaimFilterFactory"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context& /*context*/) override {
    return std::make_unique<ReclaimFilter>(is_reclaimable_, now_());
  }

 private:
  IsReclaimable is_reclaimable_;
  std::function<WallMs()> now_;
};

}  // namespace

std::shared_ptr<rocksdb::CompactionFilterFactory> record_reclaimer(std::function<WallMs()> now) {
  return std::make_shared<ReclaimFilterFactory>(&record_is_dead, std::move(now));
}
std::shared_ptr<rocksdb::CompactionFilterFactory> generation_reclaimer(std::function<WallMs()> now) {
  return std::make_shared<ReclaimFilterFactory>(&generation_is_over, std::move(now));
}
std::shared_ptr<rocksdb::CompactionFilterFactory> certificate_reclaimer(std::function<WallMs()> now) {
  return std::make_shared<ReclaimFilterFactory>(&certificate_is_over, std::move(now));
}

}  // namespace ringway::storage
