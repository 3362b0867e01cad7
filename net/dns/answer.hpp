// What a DNS server has answered, read by c-ares, and for how long it holds.
#pragma once

#include "net/dns/resolver.hpp"
#include "reload/bytes.hpp"

namespace ringway::net::dns {

struct Lasting {
  Answer answer;
  Duration lifetime{0};  // zero: for this question only
};

// What c-ares gives to a callback: its status and the message, if there is one.
Lasting read_answer(RecordType type, int status, BytesView message, const Settings& settings);

}  // namespace ringway::net::dns
