// Keys under which transactions are found: equal for messages of one transaction, different for all others.
#pragma once

#include <optional>
#include <string>

#include "sip-usage/message/message.hpp"

namespace ringway::sip {

// RFC 3261 §17.1.3: branch and method.
std::string client_key(const Message& request_or_response);
// §17.2.3. An ACK has the key of its INVITE if the branch says which that is. Otherwise (RFC 2543) it has the
// key that ack_key gives for the answer it acknowledges.
std::string server_key(const Message& request);
// The key of that ACK; nothing where the branch says enough.
std::optional<std::string> ack_key(const Message& invite, const Message& response);
// §8.2.2.2: equal for copies of one request that came by several ways. Nothing for requests within a dialog.
std::optional<std::string> merge_key(const Message& request);
// The key of the INVITE that a CANCEL is for (§9.2).
std::string cancelled_key(const Message& cancel);

}  // namespace ringway::sip
