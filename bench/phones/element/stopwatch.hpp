// Adds the time of its own life to a sum: the processor's time of this thread, so that it does not matter
// what else the machine does.
#pragma once

#include <cstdint>
#include <ctime>

namespace ringway::bench {

class Stopwatch {
 public:
  explicit Stopwatch(std::int64_t& sum_ns) : sum_ns_(sum_ns) {}
  ~Stopwatch() { sum_ns_ += now_ns() - start_ns_; }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  static std::int64_t now_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  }

  std::int64_t& sum_ns_;
  std::int64_t start_ns_ = now_ns();
};

}  // namespace ringway::bench
