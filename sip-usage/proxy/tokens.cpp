#include "sip-usage/proxy/tokens.hpp"

#include <cassert>

#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::sip::proxy {
namespace {

constexpr std::size_t k_seal_bytes = 12;  // RFC 5626 §5.2 takes 10
constexpr std::string_view k_path = "rw-path-", k_dialog = "rw-flow-", k_relay = "rw-pass-";

std::string read_text(wire::Reader& in) { return std::string(text_of(in.opaque(1))); }

Bytes content_of(const NetworkFlow& flow) {
  wire::Writer out;
  out.u64(flow.id);
  out.opaque(1, view_of(flow.here.transport));
  out.opaque(1, view_of(flow.here.host));
  out.u16(flow.here.port.value_or(0));
  out.opaque(1, view_of(flow.remote));
  assert(!out.overflowed());  // k_max_flow_text_bytes
  return out.take();
}

NetworkFlow flow_of(BytesView content) {
  wire::Reader in(SharedBytes::borrow(content));
  NetworkFlow flow;
  flow.id = in.u64();
  flow.here.transport = read_text(in);
  flow.here.host = read_text(in);
  if (const auto port = in.u16(); port != 0) flow.here.port = port;
  flow.remote = read_text(in);
  return flow;
}

Bytes content_of(const RelayToken& token) {
  return {static_cast<std::uint8_t>(token.one), static_cast<std::uint8_t>(token.other)};
}

bool begins_with(std::string_view text, std::string_view prefix) {
  return text.substr(0, prefix.size()) == prefix;
}

}  // namespace

// The lengths are in what is sealed, so that nothing can be cut apart in another way.
std::string Tokens::seal(std::string_view prefix, BytesView content, std::string_view call_id) const {
  wire::Writer sealed;
  sealed.opaque(1, view_of(prefix));
  sealed.opaque(2, content);
  sealed.raw(view_of(call_id));
  const auto mac = security::hmac_sha256(key_, sealed.bytes());
  return to_hex(BytesView(mac).first(k_seal_bytes));
}

std::string Tokens::make(const PathToken& token) const {
  const auto content = content_of(token.flow);
  return std::string(k_path) + seal(k_path, content, {}) + to_hex(content);
}

std::string Tokens::make(const DialogToken& token, std::string_view call_id) const {
  const auto content = content_of(token.flow);
  return std::string(k_dialog) + seal(k_dialog, content, call_id) + to_hex(content);
}

std::string Tokens::make(const RelayToken& token, std::string_view call_id) const {
  const auto content = content_of(token);
  return std::string(k_relay) + seal(k_relay, content, call_id) + to_hex(content);
}

Token Tokens::read(std::string_view user, std::string_view call_id) const {
  const auto is = [&](std::string_view prefix) { return begins_with(user, prefix); };
  const auto prefix = is(k_path) ? k_path : is(k_dialog) ? k_dialog : is(k_relay) ? k_relay : "";
  if (prefix.empty()) return NoToken{};
  const auto rest = user.substr(prefix.size());
  Bytes content;
  if (rest.size() <= 2 * k_seal_bytes || !from_hex(rest.substr(2 * k_seal_bytes), content))
    return FalseToken{};
  const auto expected = seal(prefix, content, prefix == k_path ? std::string_view() : call_id);
  if (!security::equal_in_constant_time(view_of(rest.substr(0, 2 * k_seal_bytes)), view_of(expected)))
    return FalseToken{};
  // What is sealed is what was written, so it can be read.
  if (prefix == k_path) return PathToken{flow_of(content)};
  if (prefix == k_dialog) return DialogToken{flow_of(content)};
  return RelayToken{static_cast<Side>(content[0]), static_cast<Side>(content[1])};
}

}  // namespace ringway::sip::proxy
