// Sessions with one database, shared by the threads of the server; and transactions that are tried again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <vector>

#include "services/enrolld/records/sql.hpp"

namespace ringway::enrolld {

class Pool {
 public:
  using Connect = std::function<std::unique_ptr<Session>()>;  // throws SqlError

  Pool(Connect connect, std::size_t most, Duration patience)
      : connect_(std::move(connect)), most_(most), patience_(patience) {}

  // Runs `work` in one transaction and commits it. On a conflict or a lost connection all of it is repeated,
  // until the patience has run out: `work` may be called several times. An exception rolls back.
  template <typename Work>
  auto transact(Access access, const Work& work) -> Result<std::invoke_result_t<const Work&, Session&>> {
    std::optional<std::invoke_result_t<const Work&, Session&>> answer;
    const auto done = repeat(access, [&](Session& session) { answer.emplace(work(session)); });
    if (!done) return done.error();
    return std::move(*answer);
  }

 private:
  using Clock = std::chrono::steady_clock;
  using Erased = std::function<void(Session&)>;

  Outcome<> repeat(Access access, const Erased& work);
  void once(Access access, const Erased& work, Clock::time_point deadline);
  std::unique_ptr<Session> take(Clock::time_point deadline);
  void give_back(std::unique_ptr<Session> session);

  const Connect connect_;
  const std::size_t most_;
  const Duration patience_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Session>> idle_;
  std::size_t in_use_ = 0;
};

}  // namespace ringway::enrolld
