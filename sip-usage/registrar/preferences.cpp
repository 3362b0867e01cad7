#include "sip-usage/registrar/preferences.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include "sip-usage/message/grammar.hpp"
#include "sip-usage/registration/contact_preferences.hpp"

namespace ringway::sip::registrar {
namespace {

std::string predicate_of(const NameAddr& contact) {
  std::vector<FeatureParameter> features;
  for (const Parameter& each : contact.parameters) {
    // Which device it is is nobody's business: it may be the address of its network card (RFC 5626 §4.1).
    if (same_ignoring_case(each.name, "+sip.instance")) continue;
    features.push_back({each.name, from_quoted_string(each.value.value_or(""))});
  }
  // RFC 7904 §5.1: who can be called by SIPS only says so.
  if (contact.uri.scheme == "sips" && !contact.parameters.has("schemes"))
    features.push_back({"schemes", "SIPS"});
  const auto preferences = ContactPreferences::of_parameters(features);
  return preferences ? preferences->text() : "";
}

// ";q=0.5", or nothing.
std::string quality(unsigned q_thousandths) {
  const auto preferences = ContactPreferences::of_parameters({}, q_thousandths);
  if (!preferences) return "";
  const auto at = preferences->text().find(';');
  return at == std::string::npos ? "" : preferences->text().substr(at);
}

}  // namespace

std::string contact_prefs_of(const BindingList& bindings) {
  if (bindings.empty()) return "";
  std::set<std::string> predicates;
  unsigned q_thousandths = 0;
  for (const Binding& each : bindings) {
    predicates.insert(predicate_of(each.contact));
    q_thousandths = std::max(q_thousandths, each.contact.q_thousandths());
  }
  std::string all;
  for (const std::string& each : predicates) all += each;
  if (predicates.size() > 1) all = "(|" + all + ")";
  const bool says_nothing = predicates.count("") != 0;
  const bool is_bare = says_nothing || !ContactPreferences::parse(all + quality(q_thousandths));
  if (!is_bare) return all + quality(q_thousandths);
  const auto bare = ContactPreferences::of_parameters({}, q_thousandths);
  return bare ? bare->text() : "";
}

}  // namespace ringway::sip::registrar
