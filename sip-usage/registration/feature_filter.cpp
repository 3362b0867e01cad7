#include "sip-usage/registration/feature_filter.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace ringway::sip {

namespace {

using Filter = ContactPreferences::Filter;

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// RFC 2506 §3.1.
bool is_tag_char(char c) {
  return is_letter(c) || is_digit(c) || std::string_view(".-%!'+_").find(c) != std::string_view::npos;
}
// Tokens as RFC 3840 §9 has them in Contact, and numbers.
bool is_value_char(char c) {
  return is_tag_char(c) || std::string_view("/*`~").find(c) != std::string_view::npos;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// By recursion, at most k_max_predicate_depth deep; the first fault sticks.
class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : rest_(text) {}

  Result<ReadFilter> run() {
    ReadFilter out;
    out.filter = filter(1);
    out.q_thousandths = parameters();
    skip_space();
    if (fault_.empty() && !rest_.empty()) fault("something follows it");
    if (!fault_.empty()) return Failure{"no feature predicate: " + fault_};
    return out;
  }

 private:
  void fault(std::string why) {
    if (fault_.empty()) fault_ = std::move(why);
    rest_ = {};
  }
  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(std::string_view wanted) {
    skip_space();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  void expect(std::string_view wanted) {
    if (!take(wanted)) fault("a missing " + std::string(wanted));
  }
  template <typename Belongs>
  std::string_view word(Belongs belongs) {
    skip_space();
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), belongs);
    const auto found = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(found.size());
    if (found.empty()) fault("a missing name or value");
    return found;
  }

  Filter filter(std::size_t depth) {
    if (depth > k_max_predicate_depth) fault("nested too deeply");
    if (++items_ > k_max_predicate_items) fault("too many parts");
    Filter out;
    expect("(");
    if (take("&")) {
      out = list(FilterKind::all_of, depth);
    } else if (take("|")) {
      out = list(FilterKind::any_of, depth);
    } else if (take("!")) {
      out.kind = FilterKind::not_one;
      out.parts.push_back(filter(depth + 1));
      parameters();
    } else {
      out = comparison();
    }
    expect(")");
    return out;
  }

  Filter list(FilterKind kind, std::size_t depth) {
    Filter out{kind, {}, {}, {}};
    do {
      out.parts.push_back(filter(depth + 1));
      parameters();  // of a part: they are not recognised (§4.1)
      skip_space();
    } while (rest_.starts_with('('));
    return out;
  }

  Filter comparison() {
    Filter out;
    out.tag = lower_case(word(is_tag_char));
    if (take("<=") || take(">=")) {
      value();
      return out;
    }
    expect("=");
    if (take("[")) return set(out.tag);
    out.kind = FilterKind::equal;
    out.value = value();
    return out;
  }

  // T=[E1,E2] is (|(T=E1)(T=E2)) (§4.2.5).
  Filter set(const std::string& tag) {
    Filter out{FilterKind::any_of, {}, {}, {}};
    do {
      if (++items_ > k_max_predicate_items) fault("too many parts");
      Filter part{FilterKind::equal, tag, value(), {}};
      if (take("..")) {
        value();
        part.kind = FilterKind::other;
      }
      out.parts.push_back(std::move(part));
    } while (take(","));
    expect("]");
    return out;
  }

  std::string value() {
    if (!take("\"")) {
      skip_space();
      const std::string_view before = rest_;
      const auto found = word(is_value_char);
      const auto range = found.find("..");  // "1..2" is a range, not a token
      if (range != std::string_view::npos) rest_ = before.substr(range);
      return lower_case(found.substr(0, range));
    }
    const auto end = rest_.find('"');
    if (end == std::string_view::npos) {
      fault("a string without an end");
      return {};
    }
    std::string out = lower_case(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return out;
  }

  unsigned parameters() {
    unsigned q = k_highest_q;
    while (take(";")) {
      const std::string name = lower_case(word(is_tag_char));
      expect("=");
      const auto text = word(is_value_char);
      if (name == "q") q = read_q(text);
    }
    return q;
  }

  // "0" or "1", and up to three digits behind the point.
  unsigned read_q(std::string_view text) {
    constexpr std::size_t k_most_digits = 3;
    unsigned thousandths = 0;
    const bool shaped =
        !text.empty() && (text[0] == '0' || text[0] == '1') && (text.size() == 1 || text[1] == '.') &&
        text.size() <= 2 + k_most_digits &&
        std::all_of(text.begin() + std::min<std::ptrdiff_t>(2, std::ssize(text)), text.end(), is_digit);
    if (shaped) {
      std::string digits(text.size() > 2 ? text.substr(2) : std::string_view());
      digits.resize(k_most_digits, '0');
      std::from_chars(digits.data(), digits.data() + digits.size(), thousandths);
      if (text[0] == '1') thousandths += k_highest_q;
    }
    if (!shaped || thousandths > k_highest_q) fault("a q that is no quality value");
    return thousandths;
  }

  std::string_view rest_;
  std::size_t items_ = 0;
  std::string fault_;
};

}  // namespace

Result<ReadFilter> read_filter(std::string_view text) { return FilterReader(text).run(); }

}  // namespace ringway::sip
