#include "tests/services/enrolld/program.hpp"

#include <sys/wait.h>

#include <array>
#include <cstdio>

namespace ringway::enrolld {

Ran run(const std::string& command) {
  Ran out;
  FILE* pipe = ::popen(("( " + command + " ) 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.output.append(buffer.data(), count);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

}  // namespace ringway::enrolld
