#include "sim/report/measurements.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace ringway::sim {

double Samples::mean() const {
  if (values_.empty()) return 0;
  return std::accumulate(values_.begin(), values_.end(), 0.0) / static_cast<double>(values_.size());
}

double Samples::maximum() const {
  return values_.empty() ? 0 : *std::max_element(values_.begin(), values_.end());
}

double Samples::percentile(double share) const {
  if (values_.empty()) return 0;
  auto sorted = values_;
  const auto rank = static_cast<std::ptrdiff_t>(std::ceil(share * static_cast<double>(sorted.size()))) - 1;
  const auto place = sorted.begin() + std::max<std::ptrdiff_t>(rank, 0);
  std::nth_element(sorted.begin(), place, sorted.end());
  return *place;
}

}  // namespace ringway::sim
