#include "sim/report/svg.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace ringway::sim {

namespace {

constexpr double k_chart_width = 440;
constexpr double k_chart_height = 260;
constexpr double k_margin = 48;
constexpr double k_title_height = 44;
constexpr std::size_t k_columns = 2;

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value == std::floor(value) && std::abs(value) < 1e15 ? "%.0f" : "%.4g",
                value);
  return text;
}

std::string escaped(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    if (c == '&')
      safe += "&amp;";
    else if (c == '<')
      safe += "&lt;";
    else if (c == '"')
      safe += "&quot;";
    else
      safe += c;
  }
  return safe;
}

std::string text_at(double x, double y, const std::string& text, const std::string& kind,
                    const std::string& anchor) {
  return "<text x=\"" + number(x) + "\" y=\"" + number(y) + "\" class=\"" + kind + "\" text-anchor=\"" + anchor +
         "\">" + escaped(text) + "</text>\n";
}

std::string line(double x1, double y1, double x2, double y2) {
  return "<line x1=\"" + number(x1) + "\" y1=\"" + number(y1) + "\" x2=\"" + number(x2) + "\" y2=\"" +
         number(y2) + "\"/>\n";
}

std::string bar_at(double x, double y, double width, double height, const std::string& says) {
  return "<rect x=\"" + number(x) + "\" y=\"" + number(y) + "\" width=\"" + number(width) + "\" height=\"" +
         number(height) + "\"><title>" + escaped(says) + "</title></rect>\n";
}

std::string drawn(const Chart& chart, double left, double top) {
  const double x0 = left + k_margin;
  const double y0 = top + k_chart_height - k_margin;
  const double width = k_chart_width - 2 * k_margin;
  const double height = k_chart_height - 2 * k_margin;
  std::string svg = text_at(left + k_chart_width / 2, top + 20, chart.title, "title", "middle");
  const auto bars = histogram(*chart.samples);
  if (bars.empty()) return svg + text_at(left + k_chart_width / 2, y0 - height / 2, "not measured", "axis", "middle");
  std::size_t highest = 1;
  for (const Bar& bar : bars) highest = std::max(highest, bar.count);
  const double bar_width = width / static_cast<double>(bars.size());
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double tall = height * static_cast<double>(bars[i].count) / static_cast<double>(highest);
    const std::string says = number(bars[i].from) + " to " + number(bars[i].to) + " " + chart.unit + ": " +
                             std::to_string(bars[i].count);
    svg += bar_at(x0 + static_cast<double>(i) * bar_width, y0 - tall, std::max(bar_width - 1, 0.5), tall, says);
  }
  svg += line(x0, y0, x0 + width, y0) + line(x0, y0 - height, x0, y0);
  svg += text_at(x0, y0 + 16, number(bars.front().from), "axis", "middle");
  svg += text_at(x0 + width, y0 + 16, number(bars.back().to), "axis", "middle");
  svg += text_at(x0 - 6, y0 - height + 4, std::to_string(highest), "axis", "end");
  return svg + text_at(x0 + width / 2, y0 + 32,
                       chart.unit + "; mean " + number(chart.samples->mean()) + ", p99 " +
                           number(chart.samples->percentile(0.99)),
                       "axis", "middle");
}

}  // namespace

std::vector<Bar> histogram(const Samples& samples, std::size_t most_bars) {
  const auto& values = samples.values();
  if (values.empty() || most_bars == 0) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const bool whole = std::all_of(values.begin(), values.end(), [](double v) { return v == std::floor(v); });
  double width = (*high - *low) / static_cast<double>(most_bars);
  // The greatest value has to fall into the last bar, not behind it.
  if (whole) width = std::max(1.0, std::ceil((*high - *low + 1) / static_cast<double>(most_bars)));
  if (width <= 0) width = 1;
  const double span = whole ? *high - *low + 1 : *high - *low;
  const auto count = std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(span / width - 1e-9)));
  std::vector<Bar> bars(count);
  for (std::size_t i = 0; i < count; ++i) {
    bars[i].from = *low + static_cast<double>(i) * width;
    bars[i].to = bars[i].from + width;
  }
  for (const double value : values) {
    const auto place = static_cast<std::size_t>((value - *low) / width);
    ++bars[std::min(place, count - 1)].count;
  }
  return bars;
}

std::string svg_of(const std::string& title, const std::vector<Chart>& charts) {
  const auto rows = (charts.size() + k_columns - 1) / k_columns;
  const double width = k_chart_width * k_columns;
  const double height = k_title_height + k_chart_height * static_cast<double>(rows);
  std::string svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"" + number(width) + "\" height=\"" +
                    number(height) + "\" viewBox=\"0 0 " + number(width) + " " + number(height) + "\">\n" +
                    "<style>text{font-family:sans-serif;fill:#222}.head{font-size:18px}.title{font-size:14px}"
                    ".axis{font-size:11px;fill:#555}rect{fill:#3b6ea5}line{stroke:#888}</style>\n" +
                    text_at(width / 2, 28, title, "head", "middle");
  for (std::size_t i = 0; i < charts.size(); ++i)
    svg += drawn(charts[i], k_chart_width * static_cast<double>(i % k_columns),
                 k_title_height + k_chart_height * static_cast<double>(i / k_columns));
  return svg + "</svg>\n";
}

std::string picture_of(const std::string& title, const Measurements& measured) {
  return svg_of(title, {{"Hops of a lookup", "hops", &measured.hops},
                        {"Latency of a lookup", "ms", &measured.latency_ms},
                        {"Traffic of a peer", "bytes a second", &measured.traffic_bytes_per_s},
                        {"Load of a peer", "messages handled", &measured.load}});
}

}  // namespace ringway::sim
