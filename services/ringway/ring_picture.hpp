// The ring as a peer sees it, drawn in text: itself, its neighbours and fingers at their places on the
// circle.
#pragma once

#include <string>
#include <vector>

namespace ringway::services {

struct RingPoint {
  std::string node;  // 32 hex digits
  char mark = 'o';
};

// A circle of dots with each point's mark at its angle (0 at the top, clockwise); later points are drawn over
// earlier ones. Lines end in a newline.
std::string ring_picture(const std::vector<RingPoint>& points);

}  // namespace ringway::services
