// A picture of what was measured: histograms, side by side, as SVG. Written here because no C++ library of the
// platform draws SVG; it needs rectangles, lines and text.
#pragma once

#include <string>
#include <vector>

#include "sim/report/measurements.hpp"

namespace ringway::sim {

struct Bar {
  double from = 0;  // the bar covers [from, to)
  double to = 0;
  std::size_t count = 0;
};
// The range of the samples in so many bars of equal width; whole numbers in a small range get a bar each.
std::vector<Bar> histogram(const Samples& samples, std::size_t most_bars = 40);

struct Chart {
  std::string title;
  std::string unit;  // of the axis below
  const Samples* samples = nullptr;
};
// Charts without samples say so.
std::string svg_of(const std::string& title, const std::vector<Chart>& charts);

// Hops, latency, traffic and load per peer.
std::string picture_of(const std::string& title, const Measurements& measured);

}  // namespace ringway::sim
