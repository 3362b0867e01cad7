#include "net/io_pool.hpp"

#include <pthread.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): POSIX's signal masks are not in <csignal>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

namespace ringway::net {

namespace {

// Signals are for the program's main thread.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

IoPool::IoPool(std::size_t threads) {
  const std::size_t count = std::max<std::size_t>(threads, 1);
  context_ = std::make_shared<boost::asio::io_context>(static_cast<int>(count));
  const SignalsBlocked blocked;  // inherited by the threads
  for (std::size_t i = 0; i < count; ++i) {
    threads_.emplace_back([context = context_] {
      pthread_setname_np(pthread_self(), "ringway-io");
      const auto stay = boost::asio::make_work_guard(*context);
      context->run();
    });
  }
}

IoPool::~IoPool() { stop(); }

void IoPool::stop() {
  context_->stop();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

}  // namespace ringway::net
