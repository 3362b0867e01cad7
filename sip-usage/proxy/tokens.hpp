// What the proxy writes into the user part of its own URIs, so that it knows later what it has allowed and to
// whom a flow leads, without keeping it (RFC 5626 §5.2; RFC 3261 §16.6 step 4). Nobody else can make one.
//
//   path token    in Path: leads to a phone's flow
//   dialog token  in Record-Route towards a phone: leads to its flow, for requests of that Call-ID only
//   relay token   in Record-Route towards peers and servers: the end of a dialog that is on `side`, and the
//   hop
//                 where requests of that Call-ID from the other side go, if they may not choose themselves
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "reload/bytes.hpp"
#include "sip-usage/proxy/target.hpp"

namespace ringway::sip::proxy {

inline constexpr std::size_t k_max_flow_text_bytes =
    255;  // each of a flow's texts: as much as a token can say
inline constexpr std::size_t k_max_relay_hop_bytes = 512;

struct PathToken {
  NetworkFlow flow;
};
struct DialogToken {
  NetworkFlow flow;
};
struct RelayToken {
  Side side = Side::overlay, other = Side::overlay;
  std::optional<Hop> to{};  // no FlowHop; left out when it is longer than k_max_relay_hop_bytes
};
struct NoToken {};     // a user part, or none, that means nothing here
struct FalseToken {};  // it looks like one and is not ours, or of another call
using Token = std::variant<NoToken, FalseToken, PathToken, DialogToken, RelayToken>;

class Tokens {
 public:
  explicit Tokens(Bytes key) : key_(std::move(key)) {}

  // As user parts of URIs, without characters that want escaping.
  std::string make(const PathToken& token) const;
  std::string make(const DialogToken& token, std::string_view call_id) const;
  std::string make(const RelayToken& token, std::string_view call_id) const;
  Token read(std::string_view user, std::string_view call_id) const;

 private:
  std::string seal(std::string_view prefix, BytesView content, std::string_view call_id) const;

  Bytes key_;
};

}  // namespace ringway::sip::proxy
