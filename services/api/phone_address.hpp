// Where phones connect to, as people write it: "udp:192.0.2.1:5060", "wss:[::]:443".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/phones/phone_transports.hpp"
#include "reload/result.hpp"

namespace ringway::services {

Result<net::phones::PhoneListen> parse_phone_listen(std::string_view text);

// A SIP server: "udp:192.0.2.1:5060", "tls:sip.example.org", "tcp:sip.example.org:5060".
struct SipServer {
  net::phones::Transport transport = net::phones::Transport::udp;
  std::string host;        // an address, of IPv6 without brackets, or a name
  std::uint16_t port = 0;  // 0: DNS says, too (SRV, RFC 3263 §4.2)
};
Result<SipServer> parse_sip_server(std::string_view text);
std::vector<std::string> to_texts(const std::vector<net::phones::PhoneListen>& listening);

}  // namespace ringway::services
