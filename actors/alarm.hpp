// Turns a component's next_deadline() into messages to its actor: at most one that counts is under way. A
// message cannot be recalled, so each carries a generation, and outdated ones are ignored.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "reload/time.hpp"

namespace ringway::actors {

class Alarm {
 public:
  // Sends the generation back to the actor after the delay.
  using Schedule = std::function<void(Duration delay, std::uint64_t generation)>;

  explicit Alarm(Schedule schedule) : schedule_(std::move(schedule)) {}

  // A later deadline than the one that is set needs nothing: the early message finds nothing to do and the
  // alarm is set anew then.
  void set(MonoTime now, std::optional<MonoTime> deadline);
  // The message has come; false when it is outdated.
  bool rang(std::uint64_t generation);

 private:
  Schedule schedule_;
  std::optional<MonoTime> due_;
  std::uint64_t generation_ = 0;
};

}  // namespace ringway::actors
