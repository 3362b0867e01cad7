// The threads that all sockets of a process share. Nothing here knows what the sockets are for.
#pragma once

#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace ringway::net {

class IoPool {
 public:
  explicit IoPool(std::size_t threads = 1);
  ~IoPool();  // stops
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  // Sockets hold on to it, so that they may outlive the pool.
  const std::shared_ptr<boost::asio::io_context>& context() const { return context_; }
  // Waits for what the threads are doing just now, and drops the rest. Not to be called on one of them.
  void stop();

 private:
  std::shared_ptr<boost::asio::io_context> context_;
  std::vector<std::thread> threads_;
};

}  // namespace ringway::net
