// Whatever holds a socket enters here before it starts and leaves when its socket is closed; so all of them
// can be told to stop, and waited for. No sockets here.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace boost::asio {
class io_context;
}

namespace ringway::net {

class Stoppable {
 public:
  virtual ~Stoppable() = default;
  virtual void stop() = 0;  // from any thread; does not wait
};

class Stoppables {
 public:
  // False: all are stopping, do not start.
  bool enter(const std::shared_ptr<Stoppable>& one);
  void leave(const Stoppable* one);
  // Tells all that are in to stop, and lets nobody in any more.
  void stop_all();
  // False when somebody is still in after that time.
  bool wait_until_empty(std::chrono::milliseconds at_most);
  // Both, for sockets of that context: they are closed by its threads, so when one of them asks, or none runs
  // any more, there is nothing to wait for.
  void stop_all_and_wait(boost::asio::io_context& context);

 private:
  std::mutex mutex_;
  std::unordered_map<const Stoppable*, std::weak_ptr<Stoppable>> entered_;
  bool stopping_ = false;
  std::condition_variable someone_left_;
};

}  // namespace ringway::net
