// A progress bar on standard error, on a terminal only.
#pragma once

#include <cstddef>
#include <string>

namespace ringway::sim {

class Progress {
 public:
  Progress();
  void show(double share, const std::string& what);
  void end();

 private:
  bool terminal_ = false;
  std::size_t shown_ = 0;  // characters on the line
};

}  // namespace ringway::sim
