#include "net/ice/description.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace ringway::net::ice {

namespace {

// RFC 8445 §5.3; what an octet can count is what fits into an Attach.
constexpr std::size_t k_min_ufrag_chars = 4, k_min_password_chars = 22, k_max_chars = 255;

bool is_ice_text(std::string_view text, std::size_t min_chars) {
  return text.size() >= min_chars && text.size() <= k_max_chars &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return c < 128 && (std::isalnum(c) != 0 || c == '+' || c == '/');
         });
}

}  // namespace

std::string why_unusable(const Description& remote) {
  if (!is_ice_text(remote.ufrag, k_min_ufrag_chars)) return "its ufrag is none";
  if (!is_ice_text(remote.password.text(), k_min_password_chars)) return "its ICE password is none";
  if (remote.candidates.size() > k_max_candidates) return "too many candidates";
  return {};
}

const char* to_text(EndKind kind) {
  switch (kind) {
    case EndKind::host:
      return "host";
    case EndKind::server_reflexive:
      return "server-reflexive";
    case EndKind::peer_reflexive:
      return "peer-reflexive";
    case EndKind::relayed:
      return "relayed";
  }
  return "";
}

}  // namespace ringway::net::ice
