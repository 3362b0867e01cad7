#include "net/phones/source_rates.hpp"

#include <algorithm>
#include <iterator>

#include "net/address_shares.hpp"

namespace ringway::net::phones {

namespace {
constexpr double k_ms_per_second = 1000;
}

SourceRates::SourceRates(const Limits& limits)
    : limits_(limits), everyone_else_{static_cast<double>(limits.at_once), {}} {}

bool SourceRates::take(const wire::IpAddressPort& from, MonoTime now) {
  Bytes site = site_of(from);
  auto found = buckets_.find(site);
  if (found == buckets_.end()) {
    if (!make_room(now)) return take_from(everyone_else_, now);
    const auto place = by_use_.insert(by_use_.end(), site);
    const Bucket full{static_cast<double>(limits_.at_once), now};
    found = buckets_.emplace(std::move(site), Entry{full, place}).first;
  } else {
    by_use_.splice(by_use_.end(), by_use_, found->second.place);
  }
  return take_from(found->second.bucket, now);
}

bool SourceRates::take_from(Bucket& bucket, MonoTime now) const {
  const double passed_s = static_cast<double>((now - bucket.at).count()) / k_ms_per_second;
  const double refilled = bucket.tokens + passed_s * static_cast<double>(limits_.per_second);
  bucket.tokens = std::min(refilled, static_cast<double>(limits_.at_once));
  bucket.at = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

bool SourceRates::make_room(MonoTime now) {
  if (buckets_.size() < limits_.addresses) return true;
  if (by_use_.empty()) return false;
  // An empty bucket is full again after that time.
  const Duration refill{
      static_cast<std::int64_t>(limits_.at_once * 1000 / std::max<std::size_t>(limits_.per_second, 1))};
  const auto oldest = buckets_.find(by_use_.front());
  if (now - oldest->second.bucket.at < refill) return false;
  buckets_.erase(oldest);
  by_use_.pop_front();
  return true;
}

}  // namespace ringway::net::phones
