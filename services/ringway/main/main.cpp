// `ringway`, the command line over a peer's API. Everything is in services/ringway/app.cpp.
#include <iostream>

#include "services/ringway/app.hpp"

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  return ringway::services::run_command_line(argc, argv, std::cin, std::cout, std::cerr);
}
