// How full the tables and queues of a component are. Each has a bound that nothing may exceed
// (ARCHITECTURE.md); the component knows both, so that whoever runs it can see that it keeps to them.
#pragma once

#include <cstddef>
#include <vector>

namespace ringway {

struct TableSize {
  const char* name = "";
  std::size_t size = 0;
  std::size_t bound = 0;
};
using TableSizes = std::vector<TableSize>;

}  // namespace ringway
