#include "actors/submission.hpp"

#include <utility>

namespace ringway::actors {

bool CallBound::take(std::size_t calls) {
  std::size_t before = under_way_.load();
  do {
    // One batch is always let in, however large: api.hpp bounds its size.
    if (before != 0 && before + calls > max_calls_) return false;
  } while (!under_way_.compare_exchange_weak(before, before + calls));
  return true;
}

Submission::Submission(std::uint64_t token, std::vector<data::Call> calls, std::function<void(Results)> done,
                       std::shared_ptr<CallBound> bound)
    : token_(token),
      calls_(std::move(calls)),
      count_(calls_.size()),
      bound_(std::move(bound)),
      done_(std::move(done), [count = count_] {
        return refuse(count, data::CallError::unavailable, "the peer has stopped: ask another peer");
      }) {}

Submission::Results Submission::refuse(std::size_t count, data::CallError error, const std::string& message) {
  return Results(count, data::CallFailure{error, message, 0});
}

}  // namespace ringway::actors
