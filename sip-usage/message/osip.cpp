#include "sip-usage/message/osip.hpp"

#include <algorithm>

#include "sip-usage/message/grammar.hpp"

namespace ringway::sip::osip {
namespace {

constexpr char k_for_percent = '\xfe', k_for_nul = '\xff';

bool is_passed_over(char c) { return c == ' ' || c == '\t' || c == '<' || c == '>'; }
char unguarded(char c) { return c == k_for_percent ? '%' : c == k_for_nul ? '\0' : c; }

}  // namespace

void silence() {
  static const bool done = [] {
    for (const auto level :
         {OSIP_FATAL, OSIP_BUG, OSIP_ERROR, OSIP_WARNING, OSIP_INFO1, OSIP_INFO2, OSIP_INFO3, OSIP_INFO4})
      osip_trace_disable_level(level);
    return true;
  }();
  static_cast<void>(done);
}

bool has_guard_octets(std::string_view text) {
  // Twice through it is far quicker than find_first_of(), which looks up each octet by itself.
  return text.find('\xfe') != std::string_view::npos || text.find('\xff') != std::string_view::npos;
}

std::string guarded(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c == '%') c = k_for_percent;
    if (c == '\0') c = k_for_nul;
  }
  return out;
}

std::string text(const char* of_osip) {
  std::string out = of_osip == nullptr ? "" : of_osip;
  std::transform(out.begin(), out.end(), out.begin(), unguarded);
  return out;
}

std::optional<std::string> optional_text(const char* of_osip) {
  if (of_osip == nullptr) return std::nullopt;
  return text(of_osip);
}

Parameters parameters(const osip_list_t& list) {
  Parameters out;
  osip_list_iterator_t at;
  for (const void* each = osip_list_get_first(&list, &at); each != nullptr; each = osip_list_get_next(&at)) {
    const auto* parameter = static_cast<const osip_uri_param_t*>(each);
    out.add({text(parameter->gname), optional_text(parameter->gvalue)});
  }
  return out;
}

// Of every address and every Via that is read, so without a copy of either text.
bool keeps_every_octet(std::string_view came, std::string_view printed) {
  const auto skipped = [](std::string_view text, std::size_t at) {
    while (at < text.size() && is_passed_over(text[at])) ++at;
    return at;
  };
  std::size_t in_came = skipped(came, 0), in_printed = skipped(printed, 0);
  while (in_came < came.size() && in_printed < printed.size()) {
    if (lower_letter(came[in_came]) != lower_letter(printed[in_printed])) return false;
    in_came = skipped(came, in_came + 1);
    in_printed = skipped(printed, in_printed + 1);
  }
  return in_came == came.size() && in_printed == printed.size();
}

}  // namespace ringway::sip::osip
