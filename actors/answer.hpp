// A callback that is owed an answer: called exactly once whatever happens to the message that carries it.
// When the last handle goes without having answered (an actor has died, a mailbox was closed) it answers with
// what `when_dropped` makes. forget() is the one way out: nobody waits any more.
#pragma once

#include <functional>
#include <memory>
#include <utility>

namespace ringway::actors {

// True while this thread runs a callback of an application: a Peer that is dropped there must not wait for
// the actor that is calling.
class CallbackScope {
 public:
  CallbackScope() { ++depth(); }
  ~CallbackScope() { --depth(); }
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;
  static bool active() { return depth() > 0; }

 private:
  static int& depth() {
    thread_local int depth = 0;
    return depth;
  }
};

template <typename T>
class Answer {
 public:
  Answer() = default;
  Answer(std::function<void(T)> done, std::function<T()> when_dropped)
      : debt_(std::make_shared<Debt>(std::move(done), std::move(when_dropped))) {}

  void operator()(T value) const {
    if (debt_) debt_->pay(std::move(value));
  }
  void forget() const {
    if (debt_) debt_->done = nullptr;
  }

 private:
  // One thread at a time holds the duty to answer: it moves with the message.
  struct Debt {
    Debt(std::function<void(T)> d, std::function<T()> w) : done(std::move(d)), when_dropped(std::move(w)) {}
    Debt(const Debt&) = delete;
    Debt& operator=(const Debt&) = delete;
    ~Debt() {
      if (done) pay(when_dropped());
    }
    void pay(T value) {
      const auto callback = std::exchange(done, nullptr);
      const CallbackScope scope;
      if (callback) callback(std::move(value));
    }
    std::function<void(T)> done;
    std::function<T()> when_dropped;
  };
  std::shared_ptr<Debt> debt_;
};

// The answer of what has nothing to say but that it has happened.
struct Stopped {};

}  // namespace ringway::actors
