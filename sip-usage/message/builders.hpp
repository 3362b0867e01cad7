// Messages that follow from others: responses, ACK, CANCEL, and what a proxy forwards. What is random (tags,
// branches) is the caller's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sip-usage/message/message.hpp"

namespace ringway::sip {

// RFC 3261 §8.2.6. The tag is put into To unless one is there, and not at all into a 100 (for which it may be
// empty). Record-Route is repeated where a dialog may begin (§12.1.1), Timestamp in a 100 (§8.2.6.1).
Message make_response(const Message& request, unsigned status, std::string_view to_tag);

// The ACK of a client transaction for a response of 300 to 699 (§17.1.1.3): same branch, one Via.
Message make_ack(const Message& invite, const Message& response);

// §9.1: for a request that was sent. Its transaction is one of its own, with the same branch.
Message make_cancel(const Message& request);

// A copy of a request as §16.6 steps 1 to 5 and 8 want it forwarded: the new Request-URI, Max-Forwards one
// less (70 where there was none), our Via on top, and our Record-Route where one is given. Whoever routes it
// has looked at Max-Forwards and Route first.
Message make_proxied_copy(const Message& request, Uri request_uri, Via own_via,
                          const std::optional<NameAddr>& record_route);

// A response without our Via, as it goes to the next one (§16.7 steps 3 and 9). Nothing when it ends here, or
// when the next Via says an address that stands for many (RFC 4475 §3.3.10).
std::optional<Message> without_top_via(const Message& response);

// What an element can do, for the checks that every one makes before it acts.
struct Abilities {
  bool is_proxy = true;  // Max-Forwards and Proxy-Require count; otherwise Require and the methods do
  std::vector<std::string_view> schemes = {"sip", "sips", "tel"};
  std::vector<std::string_view> extensions;  // option tags
  std::vector<std::string_view> methods;     // of an endpoint
};

// The response with which a request is refused before anything is done with it (§16.3 for proxies, §8.2.1
// to 8.2.2.3 for endpoints): 416, 483, 420, 405 or 501. Nothing when it may go on. Merged requests and loops
// are the transaction table's and the proxy's to know.
std::optional<Message> refuse_early(const Message& request, const Abilities& abilities,
                                    std::string_view to_tag);

}  // namespace ringway::sip
