#include "sip-usage/proxy/tokens.hpp"

#include <cassert>

#include "reload/security/hmac.hpp"
#include "reload/wire/codec.hpp"

namespace ringway::sip::proxy {
namespace {

constexpr std::size_t k_seal_bytes = 12;  // RFC 5626 §5.2 takes 10
constexpr std::string_view k_path = "rw-path-", k_dialog = "rw-flow-", k_relay = "rw-pass-";

std::string read_text(wire::Reader& in) { return std::string(text_of(in.opaque(1))); }

void write_flow(wire::Writer& out, const NetworkFlow& flow) {
  out.u64(flow.id);
  out.opaque(1, view_of(flow.here.transport));
  out.opaque(1, view_of(flow.here.host));
  out.u16(flow.here.port.value_or(0));
  out.opaque(1, view_of(flow.remote));
}

NetworkFlow read_flow(wire::Reader& in) {
  NetworkFlow flow;
  flow.id = in.u64();
  flow.here.transport = read_text(in);
  flow.here.host = read_text(in);
  if (const auto port = in.u16(); port != 0) flow.here.port = port;
  flow.remote = read_text(in);
  return flow;
}

Bytes content_of(const NetworkFlow& flow) {
  wire::Writer out;
  write_flow(out, flow);
  assert(!out.overflowed());  // k_max_flow_text_bytes
  return out.take();
}

NetworkFlow flow_of(BytesView content) {
  wire::Reader in(SharedBytes::borrow(content));
  return read_flow(in);
}

enum class HopKind : std::uint8_t { none, server, peer, uri, caller };

void write_hop(wire::Writer& out, const Hop& hop) {
  if (const auto* server = std::get_if<ServerHop>(&hop)) {
    out.u8(static_cast<std::uint8_t>(HopKind::server));
    out.opaque(1, view_of(server->transport));
    out.opaque(2, view_of(server->host));
    out.u16(server->port);
    out.opaque(2, view_of(server->server_name));
  } else if (const auto* peer = std::get_if<PeerHop>(&hop)) {
    out.u8(static_cast<std::uint8_t>(HopKind::peer));
    wire::write(out, peer->destinations);
  } else if (const auto* by_uri = std::get_if<UriHop>(&hop)) {
    out.u8(static_cast<std::uint8_t>(HopKind::uri));
    out.opaque(2, view_of(by_uri->uri.print()));
  } else if (const auto* caller = std::get_if<CallerHop>(&hop)) {
    out.u8(static_cast<std::uint8_t>(HopKind::caller));
    write_flow(out, caller->flow);
  }
}

std::optional<Hop> read_hop(wire::Reader& in) {
  switch (static_cast<HopKind>(in.u8())) {
    case HopKind::server: {
      ServerHop server;
      server.transport = read_text(in);
      server.host = std::string(text_of(in.opaque(2)));
      server.port = in.u16();
      server.server_name = std::string(text_of(in.opaque(2)));
      return server;
    }
    case HopKind::peer: {
      PeerHop peer;
      read(in, peer.destinations);
      return peer;
    }
    case HopKind::uri:
      if (auto uri = Uri::parse(text_of(in.opaque(2)))) return UriHop{std::move(*uri)};
      break;
    case HopKind::caller:
      return CallerHop{read_flow(in)};
    case HopKind::none:
      break;
  }
  return std::nullopt;
}

Bytes content_of(const RelayToken& token) {
  Bytes out{static_cast<std::uint8_t>(token.side), static_cast<std::uint8_t>(token.other)};
  wire::Writer hop;
  if (token.to) write_hop(hop, *token.to);
  if (hop.bytes().empty() || hop.overflowed() || hop.bytes().size() > k_max_relay_hop_bytes)
    out.push_back(static_cast<std::uint8_t>(HopKind::none));
  else
    out.insert(out.end(), hop.bytes().begin(), hop.bytes().end());
  return out;
}

RelayToken relay_of(BytesView content) {
  wire::Reader in(SharedBytes::borrow(content));
  RelayToken token;
  token.side = static_cast<Side>(in.u8());
  token.other = static_cast<Side>(in.u8());
  token.to = read_hop(in);
  return token;
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
  return relay_of(content);
}

}  // namespace ringway::sip::proxy
