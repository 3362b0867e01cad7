// A token bucket: so many bytes a second on average, a second's worth at once. What is larger than the bucket
// is let through when the bucket is full enough to be open, and paid for afterwards.
#pragma once

#include <cstdint>

#include "reload/time.hpp"

namespace ringway::data {

class Pace {
 public:
  // 0: no limit.
  explicit Pace(std::uint64_t bytes_per_s) : rate_(static_cast<double>(bytes_per_s)), left_(rate_) {}

  bool is_open(MonoTime now);
  void spend(std::size_t bytes) { left_ -= static_cast<double>(bytes); }
  // When it is open again, if nothing more is spent.
  MonoTime opens_at() const;

 private:
  double rate_;
  double left_;  // below 0: owed
  MonoTime at_;  // of `left_`
};

}  // namespace ringway::data
