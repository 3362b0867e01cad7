#include "services/enrolld/serve/workers.hpp"

#include <boost/asio/post.hpp>
#include <utility>

namespace ringway::enrolld {

bool Workers::run(std::function<void()> work) {
  if (count_.fetch_add(1) >= most_ || stopped_) {
    --count_;
    ++refused_;
    return false;
  }
  boost::asio::post(pool_, [this, work = std::move(work)]() mutable {
    work();
    work = nullptr;  // what it holds goes before its place is free
    --count_;
  });
  return true;
}

void Workers::stop() {
  if (stopped_.exchange(true)) return;
  pool_.join();
}

}  // namespace ringway::enrolld
