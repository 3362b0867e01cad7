// What reads as a STUN message is written again attribute by attribute; nothing reads past its end.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "reload/stun/message.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size_bytes) {
  using namespace ringway;
  const BytesView octets(data, size_bytes);
  const auto message = stun::Message::read(octets);
  if (!message) return 0;
  if (stun::size_of_next(octets) != size_bytes) std::abort();
  const Bytes key(16, 7);
  if (message->integrity_holds(key) || message->integrity_sha256_holds(key)) return 0;
  message->fingerprint_holds();
  message->error();
  message->number(stun::Attribute::lifetime);
  message->all_xor_addresses(stun::Attribute::xor_peer_address);
  if (message->unknown({}).size() > stun::k_max_attributes) std::abort();
  stun::MessageWriter again(message->cls(), message->method(), message->transaction());
  if (const auto address = message->xor_address(stun::Attribute::xor_peer_address))
    again.add_xor_address(stun::Attribute::xor_peer_address, *address);
  again.add_integrity(key);
  again.add_integrity_sha256(key);
  again.add_fingerprint();
  const auto written = again.take();
  const auto read = stun::Message::read(written);
  if (!read || !read->integrity_holds(key) || !read->integrity_sha256_holds(key) ||
      !read->fingerprint_holds() || read->method() != message->method() || read->cls() != message->cls() ||
      read->xor_address(stun::Attribute::xor_peer_address) !=
          message->xor_address(stun::Attribute::xor_peer_address))
    std::abort();
  return 0;
}
