// Where phones connect to, as people write it: "udp:192.0.2.1:5060", "wss:[::]:443".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/phones/phone_transports.hpp"
#include "reload/result.hpp"

namespace ringway::services {

Result<net::phones::PhoneListen> parse_phone_listen(std::string_view text);
std::vector<std::string> to_texts(const std::vector<net::phones::PhoneListen>& listening);

}  // namespace ringway::services
