#include "sim/program/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace ringway::sim {

namespace {

constexpr std::size_t k_bar = 30;
constexpr std::size_t k_line = 79;

}  // namespace

Progress::Progress() : terminal_(isatty(STDERR_FILENO) != 0) {}

void Progress::show(double share, const std::string& what) {
  if (!terminal_) return;
  const auto full = static_cast<std::size_t>(std::clamp(share, 0.0, 1.0) * static_cast<double>(k_bar));
  std::string line = "[" + std::string(full, '#') + std::string(k_bar - full, '.') + "] " + what;
  line.resize(std::min(line.size(), k_line));
  const std::size_t length = line.size();
  if (length < shown_) line += std::string(shown_ - length, ' ');
  shown_ = length;
  std::fprintf(stderr, "\r%s", line.c_str());
  std::fflush(stderr);
}

void Progress::end() {
  if (!terminal_ || shown_ == 0) return;
  std::fprintf(stderr, "\r%s\r", std::string(shown_, ' ').c_str());
  shown_ = 0;
}

}  // namespace ringway::sim
