// Threads for what waits for the database, the mail server's queue or the verifier, with a bound on what
// waits for them: the network's threads never wait.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>

namespace ringway::enrolld {

inline constexpr std::size_t k_max_calls_at_once = 1024;  // under way, and waiting for a thread

class Workers {
 public:
  explicit Workers(std::size_t threads, std::size_t most = k_max_calls_at_once)
      : most_(most), pool_(threads) {}
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // False when there are as many as there may be: `work` is not run then. From any thread.
  [[nodiscard]] bool run(std::function<void()> work);
  // Waits for what was taken over; nothing more is. Not on one of the threads.
  void stop();

  std::size_t under_way() const { return count_; }
  std::uint64_t refused() const { return refused_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> count_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<bool> stopped_{false};
  boost::asio::thread_pool pool_;
};

}  // namespace ringway::enrolld
