#include "sip-usage/message/date.hpp"

#include <array>
#include <chrono>

namespace ringway::sip {

std::string print_date(WallMs wall_ms) {
  using std::chrono::days, std::chrono::sys_days, std::chrono::milliseconds;
  const std::chrono::sys_time<milliseconds> at{milliseconds(wall_ms)};
  const sys_days day = std::chrono::floor<days>(at);
  const std::chrono::year_month_day ymd(day);
  const std::chrono::hh_mm_ss time(std::chrono::floor<std::chrono::seconds>(at - day));
  static constexpr std::array k_days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr std::array k_months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto two = [](auto number) { return (number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(k_days.at(std::chrono::weekday(day).c_encoding())) + ", " +
         two(static_cast<unsigned>(ymd.day())) + " " + k_months.at(static_cast<unsigned>(ymd.month()) - 1) +
         " " + std::to_string(static_cast<int>(ymd.year())) + " " + two(time.hours().count()) + ":" +
         two(time.minutes().count()) + ":" + two(time.seconds().count()) + " GMT";
}

}  // namespace ringway::sip
