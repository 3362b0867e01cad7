#include "relay/path/lane.hpp"

#include <algorithm>
#include <cstring>

#include "relay/path/known_attributes.hpp"
#include "reload/stun/message.hpp"

namespace ringway::relay {
namespace {

constexpr std::size_t k_channel_header_bytes = 4;

constexpr std::size_t padded(std::size_t size_bytes) { return (size_bytes + 3) / 4 * 4; }
std::uint16_t u16_at(BytesView octets, std::size_t offset) {
  return static_cast<std::uint16_t>(octets[offset] << 8U | octets[offset + 1]);
}
std::uint8_t* put_u16(std::uint8_t* at, std::size_t number) {
  *at++ = static_cast<std::uint8_t>(number >> 8U);
  *at++ = static_cast<std::uint8_t>(number);
  return at;
}

stun::TransactionId draw_transaction(Random& random) {
  const std::array<std::uint64_t, 2> bits{random.next(), random.next()};
  stun::TransactionId out{};
  std::memcpy(out.data(), bits.data(), out.size());
  return out;
}

// §11.3: a Data indication around `payload_bytes` octets that follow. Answers where it begins.
std::uint8_t* put_data_indication(std::uint8_t* end, const stun::Address& peer, std::size_t payload_bytes,
                                  Random& random) {
  const std::size_t address_bytes = 4 + peer.ip.size_bytes();
  const std::size_t attributes_bytes = 4 + address_bytes + 4 + padded(payload_bytes);
  std::uint8_t* const begin = end - (stun::k_header_size_bytes + 4 + address_bytes + 4);
  std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xA4, 0x42};  // the cookie, the transaction
  const auto transaction = draw_transaction(random);
  std::copy(transaction.begin(), transaction.end(), mask.begin() + 4);
  auto* at = put_u16(begin, 0x0017);  // Data, indication
  at = put_u16(at, attributes_bytes);
  at = std::copy(mask.begin(), mask.end(), at);
  at = put_u16(at, static_cast<std::uint16_t>(stun::Attribute::xor_peer_address));
  at = put_u16(at, address_bytes);
  at = put_u16(at, static_cast<std::uint8_t>(peer.ip.family));
  at = put_u16(at, peer.port ^ (stun::k_magic_cookie >> 16U));
  for (std::size_t index = 0; index < peer.ip.size_bytes(); ++index)
    *at++ = peer.ip.octets.at(index) ^ mask.at(index);
  at = put_u16(at, static_cast<std::uint16_t>(stun::Attribute::data));
  put_u16(at, payload_bytes);
  return begin;
}

constexpr std::uint8_t k_unreachable = 3, k_time_exceeded = 11, k_fragmentation_needed = 4;  // RFC 792
constexpr std::uint8_t k_packet_too_big = 2, k_time_exceeded_v6 = 3;                         // RFC 4443

bool is_told(stun::Family family, const IcmpError& error) {
  if (family == stun::Family::ipv4) return error.type == k_unreachable || error.type == k_time_exceeded;
  return error.type >= 1 && error.type <= k_time_exceeded_v6;
}
bool is_too_big(stun::Family family, const IcmpError& error) {
  if (family == stun::Family::ipv6) return error.type == k_packet_too_big;
  return error.type == k_unreachable && error.code == k_fragmentation_needed;
}

}  // namespace

std::size_t size_of_channel_data_in_stream(BytesView octets) {
  return octets.size() < k_channel_header_bytes ? 0 : k_channel_header_bytes + padded(u16_at(octets, 2));
}

void Lane::forget_expired(MonoTime now) {
  std::erase_if(permissions_, [now](const Permission& each) { return each.until <= now; });
  std::erase_if(channels_, [now](const Channel& each) { return each.until <= now; });
}

void Lane::forget(stun::Family family) {
  std::erase_if(permissions_, [family](const Permission& each) { return each.peer.family == family; });
  std::erase_if(channels_, [family](const Channel& each) { return each.peer.ip.family == family; });
}

Installed Lane::permit(MonoTime now, const stun::IpAddress& peer, MonoTime until) {
  forget_expired(now);
  const auto at =
      std::lower_bound(permissions_.begin(), permissions_.end(), peer,
                       [](const Permission& each, const auto& wanted) { return each.peer < wanted; });
  if (at != permissions_.end() && at->peer == peer) {
    at->until = until;
    return Installed::done;
  }
  if (permissions_.size() >= k_max_permissions) return Installed::full;
  permissions_.insert(at, Permission{peer, until});
  return Installed::done;
}

Installed Lane::bind(MonoTime now, std::uint16_t channel, const stun::Address& peer, MonoTime until) {
  forget_expired(now);
  const auto at =
      std::lower_bound(channels_.begin(), channels_.end(), peer,
                       [](const Channel& each, const auto& wanted) { return each.peer < wanted; });
  if (at != channels_.end() && at->peer == peer) {
    if (at->number != channel) return Installed::mismatch;
    at->until = until;
    return Installed::done;
  }
  if (channel_of(now, channel) != nullptr) return Installed::mismatch;
  if (channels_.size() >= k_max_channels) return Installed::full;
  channels_.insert(at, Channel{peer, channel, until});
  return Installed::done;
}

bool Lane::is_permitted(MonoTime now, const stun::IpAddress& peer) const {
  const auto at =
      std::lower_bound(permissions_.begin(), permissions_.end(), peer,
                       [](const Permission& each, const auto& wanted) { return each.peer < wanted; });
  return at != permissions_.end() && at->peer == peer && now < at->until;
}

const Lane::Channel* Lane::channel_to(MonoTime now, const stun::Address& peer) {
  if (last_channel_ >= channels_.size() || channels_[last_channel_].peer != peer) {
    const auto at =
        std::lower_bound(channels_.begin(), channels_.end(), peer,
                         [](const Channel& each, const auto& wanted) { return each.peer < wanted; });
    if (at == channels_.end() || at->peer != peer) return nullptr;
    last_channel_ = static_cast<std::size_t>(at - channels_.begin());
  }
  const auto& found = channels_[last_channel_];
  return now < found.until ? &found : nullptr;
}

const Lane::Channel* Lane::channel_of(MonoTime now, std::uint16_t number) {
  if (last_channel_ >= channels_.size() || channels_[last_channel_].number != number) {
    const auto at = std::find_if(channels_.begin(), channels_.end(),
                                 [number](const Channel& each) { return each.number == number; });
    if (at == channels_.end()) return nullptr;
    last_channel_ = static_cast<std::size_t>(at - channels_.begin());
  }
  const auto& found = channels_[last_channel_];
  return now < found.until ? &found : nullptr;
}

ToPeer Lane::from_client(MonoTime now, BytesView packet) {
  auto out = may_be_channel_data(packet) ? from_channel(now, packet) : from_indication(now, packet);
  if (out.passed == Passed::passed && !to_peers_.take(now, out.payload.size()))
    out.passed = Passed::over_rate;
  return out;
}

// §12.6. Over UDP it may be followed by padding; what it says is less than what there is, never more.
ToPeer Lane::from_channel(MonoTime now, BytesView packet) {
  if (packet.size() < k_channel_header_bytes) return {};
  const std::size_t payload_bytes = u16_at(packet, 2);
  if (payload_bytes > packet.size() - k_channel_header_bytes) return {};
  const auto* channel = channel_of(now, u16_at(packet, 0));
  if (channel == nullptr) return {Passed::no_channel};
  return {Passed::passed, channel->peer, packet.subspan(k_channel_header_bytes, payload_bytes)};
}

// §11.2: an indication that lacks something, or has what is not understood, is dropped without a word.
ToPeer Lane::from_indication(MonoTime now, BytesView packet) {
  const auto message = stun::Message::read(packet);
  if (!message) return {};
  if (message->method() != stun::Method::send || message->cls() != stun::Class::indication)
    return {Passed::control};
  const auto peer = message->xor_address(stun::Attribute::xor_peer_address);
  const auto data = message->find(stun::Attribute::data);
  if (!peer || !data || message->has_unknown(k_known_attributes)) return {};
  if (!is_permitted(now, peer->ip)) return {Passed::no_permission};
  return {Passed::passed, *peer, *data};
}

ToClient Lane::from_peer(MonoTime now, const stun::Address& peer, std::size_t payload_bytes,
                         std::span<std::uint8_t, k_headroom_bytes> headroom, Random& random, bool is_stream) {
  if (!is_permitted(now, peer.ip)) return {};
  if (payload_bytes > 0xFFFF - k_headroom_bytes - k_max_padding_bytes) return {Passed::malformed};
  if (!to_client_.take(now, payload_bytes)) return {Passed::over_rate};
  std::uint8_t* const end = headroom.data() + headroom.size();
  if (const auto* channel = channel_to(now, peer)) {
    put_u16(put_u16(end - k_channel_header_bytes, channel->number), payload_bytes);
    return {Passed::passed, k_channel_header_bytes, is_stream ? padded(payload_bytes) - payload_bytes : 0};
  }
  const auto* begin = put_data_indication(end, peer, payload_bytes, random);
  return {Passed::passed, static_cast<std::size_t>(end - begin), padded(payload_bytes) - payload_bytes};
}

std::optional<Bytes> Lane::about_error(MonoTime now, const stun::Address& peer, const IcmpError& error,
                                       Random& random) {
  const auto family = peer.ip.family;
  if (!is_permitted(now, peer.ip) || !is_told(family, error)) return std::nullopt;
  stun::MessageWriter out(stun::Class::indication, stun::Method::data, draw_transaction(random));
  out.add_xor_address(stun::Attribute::xor_peer_address, peer);
  // §18.13: sixteen bits of nothing, seven of type, nine of code; then an MTU, or nothing.
  const std::uint32_t mtu = is_too_big(family, error) ? error.next_hop_mtu : 0;
  const auto type_and_code = static_cast<std::uint16_t>((error.type & 0x7FU) << 9U | error.code);
  Bytes value(8);
  put_u16(value.data() + 2, type_and_code);
  put_u16(put_u16(value.data() + 4, mtu >> 16U), mtu & 0xFFFFU);
  out.add(stun::Attribute::icmp, value);
  auto octets = out.take();
  if (!to_client_.take(now, octets.size())) return std::nullopt;
  return octets;
}

}  // namespace ringway::relay
