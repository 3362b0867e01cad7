#include "sip-usage/proxy/branches.hpp"

#include <algorithm>

#include "reload/security/hmac.hpp"

namespace ringway::sip::proxy {
namespace {

constexpr std::size_t k_part_bytes = 8;  // that many pairs of hexadecimal digits
constexpr std::size_t k_part_size = 2 * k_part_bytes;

// No field can run into the next one: none has a line's end.
void add(std::string& to, std::string_view field) {
  to += field;
  to += '\n';
}

}  // namespace

std::string Branches::hash(std::string_view purpose, std::string_view text) const {
  const auto mac = security::hmac_sha256(key_, view_of(std::string(purpose) + '\n' + std::string(text)));
  return to_hex(BytesView(mac).first(k_part_bytes));
}

// Also what tells it from others to the same place (RFC 5393 §4.2.4); not the method, which CANCEL and ACK do
// not share with their request.
std::string Branches::asked_for(const Message& request) const {
  std::string text;
  add(text, request.request_uri().print());
  for (const auto& route : request.routes) add(text, route.print());
  add(text, request.call_id);
  add(text, request.from.tag());
  add(text, request.to.tag());
  add(text, std::to_string(request.cseq.number));
  // Not the credentials, which a request leaves here: one with others has another CSeq, too (§22.2).
  for (const auto value : request.values("Proxy-Require")) add(text, value);
  return hash("asked", text);
}

std::string Branches::written(std::string_view unique, std::string_view asked) const {
  const std::string both = std::string(unique) + std::string(asked);
  return std::string(k_magic_cookie) + both + hash("own", both);
}

std::string Branches::make(std::string_view asked, std::uint64_t unique) const {
  Bytes octets;
  for (std::size_t at = 0; at < k_part_bytes; ++at)
    octets.push_back(static_cast<std::uint8_t>(unique >> (8 * at)));
  return written(to_hex(octets), asked);
}

std::string Branches::make_stateless(const Message& request) const {
  const Via& top = request.vias.front();
  std::string text;
  add(text, top.sent_by());
  add(text, top.branch());
  return written(hash("unique", text), asked_for(request));
}

bool Branches::is_looping(const Message& request) const {
  std::string asked;
  return std::any_of(request.vias.begin(), request.vias.end(), [&](const Via& via) {
    const auto branch = via.branch();
    if (branch.size() != k_magic_cookie.size() + 3 * k_part_size) return false;
    const auto parts = branch.substr(k_magic_cookie.size());
    const auto own = hash("own", parts.substr(0, 2 * k_part_size));
    if (!security::equal_in_constant_time(view_of(own), view_of(parts.substr(2 * k_part_size)))) return false;
    if (asked.empty()) asked = asked_for(request);
    return parts.substr(k_part_size, k_part_size) == asked;
  });
}

}  // namespace ringway::sip::proxy
