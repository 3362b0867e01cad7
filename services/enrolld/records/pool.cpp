#include "services/enrolld/records/pool.hpp"

#include <algorithm>
#include <random>
#include <thread>

namespace ringway::enrolld {
namespace {

// Longer each time, and not the same for two that met.
Duration pause_before(unsigned attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const unsigned most_ms = 1U << std::min(attempt + 1, 7U);
  return Duration{std::uniform_int_distribution<unsigned>(1, most_ms)(random)};
}

}  // namespace

std::unique_ptr<Session> Pool::take(Clock::time_point deadline) {
  std::unique_lock lock(mutex_);
  if (!freed_.wait_until(lock, deadline, [this] { return in_use_ < most_; }))
    refuse("the database is too busy: no connection became free");
  ++in_use_;
  if (!idle_.empty()) {
    auto session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }
  lock.unlock();
  try {
    return connect_();
  } catch (...) {
    give_back(nullptr);
    throw;
  }
}

void Pool::give_back(std::unique_ptr<Session> session) {
  std::vector<std::unique_ptr<Session>> stale;  // closed after the lock
  {
    const std::lock_guard lock(mutex_);
    --in_use_;
    // When one connection was lost the server has mostly gone, and the idle ones with it.
    if (session != nullptr && session->broken())
      stale.swap(idle_);
    else if (session != nullptr)
      idle_.push_back(std::move(session));
  }
  freed_.notify_one();
}

void Pool::once(Access access, const Erased& work, Clock::time_point deadline) {
  auto session = take(deadline);
  try {
    session->begin(access);
    work(*session);
    session->commit();
  } catch (...) {
    session->rollback();
    give_back(std::move(session));
    throw;
  }
  give_back(std::move(session));
}

Outcome<> Pool::repeat(Access access, const Erased& work) {
  const auto deadline = Clock::now() + patience_;
  for (unsigned attempt = 0;; ++attempt) {
    try {
      once(access, work, deadline);
      return Done{};
    } catch (const SqlError& error) {
      const auto pause = pause_before(attempt);
      if (!error.worth_another_try() || Clock::now() + pause >= deadline) return Failure{error.what()};
      std::this_thread::sleep_for(pause);
    }
  }
}

}  // namespace ringway::enrolld
