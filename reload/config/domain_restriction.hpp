// Which domains the users of a Kind's values may be of: <domain-restriction> of RFC 7904 §3.4, inside a
// document's <kind>.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reload/result.hpp"

namespace re2 {
class RE2;
}

namespace ringway::config {

inline constexpr std::string_view k_sip_namespace = "urn:ietf:params:xml:ns:p2p:config-base:sip";

// Patterns are compiled before a document's signature is checked, and matched against names that strangers
// choose.
inline constexpr std::size_t k_max_domain_patterns = 32;
inline constexpr std::size_t k_max_domain_pattern_bytes = 255;
inline constexpr std::size_t k_max_domain_bytes = 253;  // RFC 1035 §2.3.4, as text

// A POSIX extended regular expression that a whole domain name matches or does not; case does not count. By
// RE2, whose time grows with the pattern and the name only: the C library's may take for ever. So it has no
// back-references, and what takes too much memory is refused.
class DomainPattern {
 public:
  static Result<DomainPattern> compile(std::string text);

  bool matches(std::string_view domain) const;
  const std::string& text() const { return text_; }
  bool operator==(const DomainPattern& other) const { return text_ == other.text_; }

 private:
  DomainPattern(std::string text, std::shared_ptr<const re2::RE2> compiled)
      : text_(std::move(text)), compiled_(std::move(compiled)) {}

  std::string text_;
  std::shared_ptr<const re2::RE2> compiled_;
};

struct DomainRestriction {
  bool enable = false;  // false: only the overlay's own domain; true: only what matches a pattern
  std::vector<DomainPattern> patterns;

  bool accepts(std::string_view domain, std::string_view overlay_name) const;
  bool operator==(const DomainRestriction&) const = default;
};

}  // namespace ringway::config
