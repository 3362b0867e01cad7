// The zone that the tests' name server has: the examples of RFC 3263 §4.1 and some that are awkward.
#pragma once

#include <string>

namespace ringway::net::dns::test {

inline constexpr int k_big_records = 80;  // more than a datagram has room for

inline std::string example_zone() {
  std::string zone = R"($ORIGIN example.com.
$TTL 300
@        IN SOA   ns hostmaster 1 3600 600 86400 60
@        IN NS    ns
ns       IN A     127.0.0.1
@        IN A     192.0.2.80
@        IN NAPTR 50  50 "s" "SIPS+D2T" "" _sips._tcp.example.com.
@        IN NAPTR 90  50 "s" "SIP+D2T"  "" _sip._tcp.example.com.
@        IN NAPTR 100 50 "s" "SIP+D2U"  "" _sip._udp.example.com.
_sip._tcp IN SRV  0 1 5060 server1
_sip._tcp IN SRV  0 2 5060 server2
_sips._tcp IN SRV 0 0 5061 server1
_sip._udp IN SRV  0 0 0 .
server1  IN A     192.0.2.1
server1  IN AAAA  2001:db8::1
server2  IN A     192.0.2.2
server2  IN A     192.0.2.3
_sip._tcp.alias IN CNAME _sip._tcp
alias    IN CNAME server1
fleeting 0 IN A   192.0.2.9
enum     IN NAPTR 10 20 "u" "E2U+sip" "!^.*$!sip:info@example.com!" .
)";
  for (int i = 0; i < k_big_records; ++i)
    zone += "_sip._tcp.big IN SRV " + std::to_string(i) + " 0 5060 a-server-with-a-long-name-" +
            std::to_string(i) + "\n";
  return zone;
}

}  // namespace ringway::net::dns::test
