// The filters of RFC 2533 §4.1 as a tree, and their reader.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"
#include "sip-usage/registration/contact_preferences.hpp"

namespace ringway::sip {

enum class FilterKind { all_of, any_of, not_one, equal, other };

struct ContactPreferences::Filter {
  FilterKind kind = FilterKind::other;  // other: a comparison by size, or a range; it is kept but not judged
  std::string tag;                      // lower-case; of a comparison
  std::string value;                    // of `equal`: lower-case, without quotation marks
  std::vector<Filter> parts;
};

struct ReadFilter {
  ContactPreferences::Filter filter;
  unsigned q_thousandths = k_highest_q;  // of the whole
};
Result<ReadFilter> read_filter(std::string_view text);

}  // namespace ringway::sip
