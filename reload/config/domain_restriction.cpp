#include "reload/config/domain_restriction.hpp"

#include <re2/re2.h>

#include <algorithm>
#include <cctype>
#include <utility>

namespace ringway::config {

namespace {

// Of a compiled pattern with what matching it remembers; RE2's unit of refusal.
constexpr std::int64_t k_max_pattern_memory_bytes = 256 << 10;

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

re2::RE2::Options posix_options() {
  re2::RE2::Options options;
  options.set_posix_syntax(true);
  options.set_case_sensitive(false);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);  // names are ASCII
  options.set_never_capture(true);
  options.set_max_mem(k_max_pattern_memory_bytes);
  options.set_log_errors(false);
  return options;
}

}  // namespace

Result<DomainPattern> DomainPattern::compile(std::string text) {
  if (text.empty() || text.size() > k_max_domain_pattern_bytes)
    return Failure{"a pattern has 1 to " + std::to_string(k_max_domain_pattern_bytes) + " bytes"};
  const auto graphic = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!std::all_of(text.begin(), text.end(), graphic))
    return Failure{"a pattern with other than printable ASCII characters"};
  auto compiled = std::make_shared<const re2::RE2>(text, posix_options());
  if (!compiled->ok()) return Failure{"pattern " + text + ": " + compiled->error()};
  return DomainPattern(std::move(text), std::move(compiled));
}

bool DomainPattern::matches(std::string_view domain) const {
  if (domain.size() > k_max_domain_bytes) return false;
  return re2::RE2::FullMatch(re2::StringPiece(domain.data(), domain.size()), *compiled_);
}

bool DomainRestriction::accepts(std::string_view domain, std::string_view overlay_name) const {
  if (!enable) return same_letters(domain, overlay_name);
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const DomainPattern& pattern) { return pattern.matches(domain); });
}

}  // namespace ringway::config
