// The contact_prefs of a registration (RFC 7904 §3.2): what a device can do, as a predicate of RFC 2533 over
// the feature tags of RFC 3840, such as (sip.schemes=SIPS).
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "reload/result.hpp"

namespace ringway::sip {

inline constexpr std::size_t k_max_contact_prefs_bytes = 1024;
inline constexpr std::size_t k_max_predicate_depth = 8;
inline constexpr std::size_t k_max_predicate_items = 128;
inline constexpr unsigned k_highest_q = 1000;  // q=1.0, in thousandths

// A feature parameter of a Contact header field (RFC 3840 §9): "audio" without a value, "methods" with
// several.
struct FeatureParameter {
  std::string name;   // "audio", "+sip.rendering"
  std::string value;  // without the quotation marks: "INVITE,!BYE", "<text>"; empty: TRUE
};

// Which of the two schemes a caller has to use (RFC 7904 §5.1).
enum class SchemePreference { either, sip, sips, neither };

class ContactPreferences {
 public:
  // Empty text says nothing, so that everything is acceptable.
  static Result<ContactPreferences> parse(std::string_view text);
  // Of parameters that a phone has registered with (RFC 3840 §5); those that are no feature tags are left
  // out.
  static Result<ContactPreferences> of_parameters(const std::vector<FeatureParameter>& parameters,
                                                  unsigned q_thousandths = k_highest_q);
  static ContactPreferences of_scheme(SchemePreference preference);

  const std::string& text() const { return text_; }
  unsigned q_thousandths() const { return q_thousandths_; }
  // Whether a device of which this feature has this value, and of which nothing else is known, may be what is
  // described. Case does not count.
  bool admits(std::string_view tag, std::string_view value) const;
  SchemePreference scheme() const;

  struct Filter;

 private:
  std::string text_;
  unsigned q_thousandths_ = k_highest_q;
  std::shared_ptr<const Filter> filter_;  // null: nothing is said
};

}  // namespace ringway::sip
