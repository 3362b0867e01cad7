#include "sip-usage/registration/contact_preferences.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "sip-usage/registration/feature_filter.hpp"

namespace ringway::sip {

namespace {

using Filter = ContactPreferences::Filter;

// The parameters that stand for tags of the SIP tree without saying so (RFC 3840 §9); "language" and "type"
// are tags of their own.
constexpr std::array<std::string_view, 18> k_sip_tags = {
    "audio",       "automata",    "class",   "duplex",   "data",    "control",
    "mobility",    "description", "events",  "priority", "methods", "schemes",
    "application", "video",       "isfocus", "actor",    "text",    "extensions"};
constexpr std::array<std::string_view, 2> k_global_tags = {"language", "type"};
constexpr std::string_view k_schemes_tag = "sip.schemes";

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Whether some device with that value, and any others, makes the filter come out as `wanted`.
bool can_be(const Filter& filter, std::string_view tag, std::string_view value, bool wanted) {
  const auto part_can = [&](const Filter& part) { return can_be(part, tag, value, wanted); };
  switch (filter.kind) {
    case FilterKind::not_one:
      return can_be(filter.parts.front(), tag, value, !wanted);
    case FilterKind::all_of:
      return wanted ? std::all_of(filter.parts.begin(), filter.parts.end(), part_can)
                    : std::any_of(filter.parts.begin(), filter.parts.end(), part_can);
    case FilterKind::any_of:
      return wanted ? std::any_of(filter.parts.begin(), filter.parts.end(), part_can)
                    : std::all_of(filter.parts.begin(), filter.parts.end(), part_can);
    case FilterKind::equal:
      return filter.tag != tag || (filter.value == value) == wanted;
    case FilterKind::other:
      return true;
  }
  return true;
}

// The feature tag of a parameter; empty when it is none.
std::string tag_of(std::string_view name) {
  const std::string lower = lower_case(name);
  if (lower.starts_with('+')) return lower.substr(1);
  if (std::find(k_sip_tags.begin(), k_sip_tags.end(), lower) != k_sip_tags.end()) return "sip." + lower;
  return std::find(k_global_tags.begin(), k_global_tags.end(), lower) != k_global_tags.end() ? lower : "";
}

// One value of a list as a filter: token, "!token", or a number "#=5", "#>=5", "#1:5".
std::string filter_of_value(const std::string& tag, std::string_view value) {
  if (value.starts_with('!')) return "(!" + filter_of_value(tag, value.substr(1)) + ")";
  if (!value.starts_with('#')) return "(" + tag + "=" + std::string(value) + ")";
  value.remove_prefix(1);
  if (const auto colon = value.find(':'); colon != std::string_view::npos)
    return "(" + tag + "=[" + std::string(value.substr(0, colon)) + ".." +
           std::string(value.substr(colon + 1)) + "])";
  return "(" + tag + std::string(value) + ")";
}

std::string filter_of_parameter(const std::string& tag, std::string_view value) {
  if (value.empty()) return "(" + tag + "=TRUE)";
  if (value.starts_with('<') && value.ends_with('>'))
    return "(" + tag + "=\"" + std::string(value.substr(1, value.size() - 2)) + "\")";
  std::string out;
  std::size_t count = 0;
  for (; !value.empty(); ++count) {
    const auto comma = value.find(',');
    out += filter_of_value(tag, value.substr(0, comma));
    value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
  }
  return count == 1 ? out : "(|" + out + ")";
}

std::string q_text(unsigned thousandths) {
  std::string digits = std::to_string(k_highest_q + thousandths).substr(1);
  while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
  return "0." + digits;
}

}  // namespace

Result<ContactPreferences> ContactPreferences::parse(std::string_view text) {
  if (text.size() > k_max_contact_prefs_bytes)
    return Failure{"contact preferences of more than " + std::to_string(k_max_contact_prefs_bytes) +
                   " bytes"};
  ContactPreferences out;
  if (text.empty()) return out;
  auto read = read_filter(text);
  if (!read) return read.error();
  out.text_ = std::string(text);
  out.q_thousandths_ = read->q_thousandths;
  out.filter_ = std::make_shared<const Filter>(std::move(read->filter));
  return out;
}

Result<ContactPreferences> ContactPreferences::of_parameters(const std::vector<FeatureParameter>& parameters,
                                                             unsigned q_thousandths) {
  std::string filters;
  std::size_t count = 0;
  for (const FeatureParameter& parameter : parameters) {
    const std::string tag = tag_of(parameter.name);
    if (tag.empty()) continue;
    filters += filter_of_parameter(tag, parameter.value);
    ++count;
  }
  if (count == 0 && q_thousandths >= k_highest_q) return ContactPreferences{};
  // A quality needs a predicate to stand at; this one says nothing else.
  if (count == 0)
    filters = "(|(" + std::string(k_schemes_tag) + "=SIP)(" + std::string(k_schemes_tag) + "=SIPS))";
  if (count > 1) filters = "(&" + filters + ")";
  if (q_thousandths < k_highest_q) filters += ";q=" + q_text(q_thousandths);
  return parse(filters);
}

ContactPreferences ContactPreferences::of_scheme(SchemePreference preference) {
  if (preference != SchemePreference::sip && preference != SchemePreference::sips) return {};
  const std::string_view value = preference == SchemePreference::sip ? "SIP" : "SIPS";
  return *parse("(" + std::string(k_schemes_tag) + "=" + std::string(value) + ")");
}

bool ContactPreferences::admits(std::string_view tag, std::string_view value) const {
  return filter_ == nullptr || can_be(*filter_, lower_case(tag), lower_case(value), true);
}

SchemePreference ContactPreferences::scheme() const {
  const bool sip = admits(k_schemes_tag, "SIP");
  const bool sips = admits(k_schemes_tag, "SIPS");
  if (sip == sips) return sip ? SchemePreference::either : SchemePreference::neither;
  return sip ? SchemePreference::sip : SchemePreference::sips;
}

}  // namespace ringway::sip
