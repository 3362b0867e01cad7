// JSON of the parts that several messages share (RFC 6940 §6.3).
#pragma once

#include <vector>

#include "reload/wire/bodies.hpp"
#include "reload/wire/destination.hpp"
#include "reload/wire/header.hpp"
#include "reload/wire/message.hpp"
#include "services/decode/json.hpp"

namespace ringway::services {

Json to_json(const wire::Destination& destination);
Json to_json(const wire::DestinationList& list);
Json to_json(const std::vector<NodeId>& nodes);
Json to_json(const wire::IpAddressPort& address);
Json to_json(const wire::Signature& signature);
Json to_json(const wire::SecurityBlock& block);
Json to_json(const wire::ForwardingHeader& header);
Json to_json(const std::vector<wire::MessageExtension>& extensions);

}  // namespace ringway::services
