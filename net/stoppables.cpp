#include "net/stoppables.hpp"

#include <boost/asio/io_context.hpp>
#include <utility>
#include <vector>

namespace ringway::net {

namespace {
constexpr std::chrono::milliseconds k_stop_patience{2'000};
constexpr std::chrono::milliseconds k_stop_look{20};
}  // namespace

bool Stoppables::enter(const std::shared_ptr<Stoppable>& one) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  entered_.emplace(one.get(), one);
  return true;
}

void Stoppables::leave(const Stoppable* one) {
  const std::lock_guard lock(mutex_);
  entered_.erase(one);
  someone_left_.notify_all();
}

void Stoppables::stop_all() {
  std::vector<std::shared_ptr<Stoppable>> everyone;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const auto& [key, one] : entered_)
      if (auto alive = one.lock()) everyone.push_back(std::move(alive));
  }
  for (const auto& one : everyone) one->stop();
}

bool Stoppables::wait_until_empty(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  return someone_left_.wait_for(lock, at_most, [this] { return entered_.empty(); });
}

void Stoppables::stop_all_and_wait(boost::asio::io_context& context) {
  stop_all();
  if (context.get_executor().running_in_this_thread()) return;
  for (auto waited = k_stop_look; waited < k_stop_patience && !context.stopped(); waited += k_stop_look)
    if (wait_until_empty(k_stop_look)) break;
}

}  // namespace ringway::net
