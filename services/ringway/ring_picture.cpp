#include "services/ringway/ring_picture.hpp"

#include <cmath>
#include <numbers>

namespace ringway::services {
namespace {

constexpr int k_rows = 13;
constexpr int k_columns = 27;  // characters are about twice as high as wide
constexpr int k_dots = 64;

// Where on the ring, 0 up to 1, from the first eight hex digits.
double turn_of(const std::string& node) {
  return static_cast<double>(std::stoul(node.substr(0, 8), nullptr, 16)) / 4294967296.0;
}

}  // namespace

std::string ring_picture(const std::vector<RingPoint>& points) {
  std::vector<std::string> lines(k_rows, std::string(k_columns, ' '));
  const auto draw = [&lines](double turn, char mark) {
    const double angle = turn * 2 * std::numbers::pi;
    const auto column = static_cast<std::size_t>(std::lround((k_columns - 1) / 2.0 * (1 + std::sin(angle))));
    const auto row = static_cast<std::size_t>(std::lround((k_rows - 1) / 2.0 * (1 - std::cos(angle))));
    lines[row][column] = mark;
  };
  for (int dot = 0; dot < k_dots; ++dot) draw(static_cast<double>(dot) / k_dots, '.');
  for (const RingPoint& point : points) draw(turn_of(point.node), point.mark);

  std::string out;
  for (std::string& line : lines) {
    line.erase(line.find_last_not_of(' ') + 1);
    out += "  " + line + '\n';
  }
  return out;
}

}  // namespace ringway::services
