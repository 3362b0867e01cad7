#include "actors/system_clock.hpp"

#include <chrono>

namespace ringway::actors {

Now SystemClock::now() const {
  using std::chrono::duration_cast;
  const auto mono = std::chrono::steady_clock::now().time_since_epoch();
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {MonoTime{duration_cast<Duration>(mono).count()},
          static_cast<WallMs>(duration_cast<Duration>(wall).count())};
}

}  // namespace ringway::actors
