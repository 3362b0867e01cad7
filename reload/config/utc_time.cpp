#include "reload/config/utc_time.hpp"

#include <charconv>
#include <chrono>
#include <cstdio>

namespace ringway::config {
namespace {

using std::chrono::sys_days;
using std::chrono::year_month_day;

// Reads the fixed parts of a time from left to right; the first mismatch sticks.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count, int low, int high) {
    int number = 0;
    if (rest_.size() < count) good_ = false;
    for (std::size_t i = 0; good_ && i < count; ++i) {
      if (!is_digit(rest_[i])) good_ = false;
      number = number * 10 + (rest_[i] - '0');
    }
    if (number < low || number > high) good_ = false;
    if (good_) rest_.remove_prefix(count);
    return number;
  }
  void one_of(std::string_view marks) {
    if (rest_.empty() || marks.find(rest_.front()) == std::string_view::npos) good_ = false;
    if (good_) rest_.remove_prefix(1);
  }
  void fraction() {
    if (!good_ || !rest_.starts_with('.')) return;
    const std::size_t end = rest_.find_first_not_of("0123456789", 1);
    if (end == 1 || end == std::string_view::npos) good_ = false;
    if (good_) rest_.remove_prefix(end);
  }
  bool good() const { return good_; }
  std::string_view rest() const { return rest_; }

 private:
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::optional<WallMs> parse_utc(std::string_view text) {
  Scanner in(text);
  const int year = in.digits(4, 1970, 9999);
  in.one_of("-");
  const int month = in.digits(2, 1, 12);
  in.one_of("-");
  const int day = in.digits(2, 1, 31);
  in.one_of("Tt");
  const int hour = in.digits(2, 0, 23);
  in.one_of(":");
  const int minute = in.digits(2, 0, 59);
  in.one_of(":");
  const int second = in.digits(2, 0, 60);  // 60: a leap second
  in.fraction();
  if (!in.good()) return std::nullopt;
  const std::string_view zone = in.rest();
  if (zone != "Z" && zone != "z" && zone != "+00:00" && zone != "-00:00") return std::nullopt;
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const auto days = static_cast<WallMs>(sys_days(date).time_since_epoch().count());
  const auto seconds =
      static_cast<WallMs>(hour) * 3600 + static_cast<WallMs>(minute) * 60 + static_cast<WallMs>(second);
  return (days * 86'400 + seconds) * 1000;
}

std::string write_utc(WallMs at_ms) {
  const WallMs seconds = at_ms / 1000;
  const year_month_day date{sys_days(std::chrono::days(static_cast<std::int64_t>(seconds / 86'400)))};
  const auto in_day = static_cast<unsigned>(seconds % 86'400);
  char text[48];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02u:%02u:%02uZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), in_day / 3600,
                    in_day / 60 % 60, in_day % 60);
  return {text, static_cast<std::size_t>(size)};
}

}  // namespace ringway::config
