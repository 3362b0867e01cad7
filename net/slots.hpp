// A bound on how many of something exist at once (links, handshakes): who takes a slot gives it back by
// destroying it, on any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>

namespace ringway::net {

class Slots;

class Slot {
 public:
  Slot() = default;  // none

 private:
  friend class Slots;
  // A copy shares the slot; the last one gives it back.
  explicit Slot(const std::shared_ptr<std::atomic<std::size_t>>& taken)
      : held_(taken.get(), [taken](std::atomic<std::size_t>* count) { count->fetch_sub(1); }) {}
  std::shared_ptr<std::atomic<std::size_t>> held_;
};

class Slots {
 public:
  explicit Slots(std::size_t count) : count_(count) {}

  std::optional<Slot> take() {
    if (taken_->fetch_add(1) < count_) return Slot(taken_);
    taken_->fetch_sub(1);
    return std::nullopt;
  }
  std::size_t taken() const { return taken_->load(); }

 private:
  std::size_t count_;
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace ringway::net
