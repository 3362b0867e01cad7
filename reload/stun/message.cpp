#include "reload/stun/message.hpp"

#include <algorithm>
#include <boost/crc.hpp>
#include <cassert>

#include "reload/security/hmac.hpp"

namespace ringway::stun {
namespace {

constexpr std::size_t k_attribute_header_bytes = 4;
constexpr std::size_t k_fingerprint_bytes = 4;
constexpr std::uint32_t k_fingerprint_mask = 0x5354554E;  // §14.7

std::uint16_t u16_at(BytesView octets, std::size_t offset) {
  return static_cast<std::uint16_t>(octets[offset] << 8U | octets[offset + 1]);
}
std::uint32_t u32_at(BytesView octets, std::size_t offset) {
  return std::uint32_t{u16_at(octets, offset)} << 16U | u16_at(octets, offset + 2);
}
void push_u16(Bytes& out, std::size_t number) {
  out.push_back(static_cast<std::uint8_t>(number >> 8U));
  out.push_back(static_cast<std::uint8_t>(number));
}
void push_u32(Bytes& out, std::uint32_t number) {
  push_u16(out, number >> 16U);
  push_u16(out, number & 0xFFFFU);
}
Bytes with_words(std::uint32_t first_octet, ErrorCode code) {
  Bytes out;
  const auto number = static_cast<std::uint32_t>(code);
  push_u32(out, first_octet << 24U | (number / 100) << 8U | number % 100);
  append(out, view_of(words_for(code)));
  return out;
}
constexpr std::size_t padded(std::size_t size_bytes) { return (size_bytes + 3) / 4 * 4; }

std::uint32_t fingerprint_of(BytesView covered) {
  boost::crc_32_type crc;  // of ITU V.42, as §14.7 wants it
  crc.process_bytes(covered.data(), covered.size());
  return crc.checksum() ^ k_fingerprint_mask;
}

// §14.2: what an address is XORed with, the cookie and the transaction.
std::array<std::uint8_t, 16> mask_of(const TransactionId& transaction) {
  std::array<std::uint8_t, 16> out{0x21, 0x12, 0xA4, 0x42};
  std::copy(transaction.begin(), transaction.end(), out.begin() + 4);
  return out;
}

std::optional<Address> unmask(BytesView value, const TransactionId& transaction) {
  if (value.size() < 4 || (value[1] != 1 && value[1] != 2)) return std::nullopt;
  Address out{{static_cast<Family>(value[1]), {}}, 0};
  if (value.size() != 4 + out.ip.size_bytes()) return std::nullopt;
  out.port = static_cast<std::uint16_t>(u16_at(value, 2) ^ (k_magic_cookie >> 16U));
  const auto mask = mask_of(transaction);
  for (std::size_t index = 0; index < out.ip.size_bytes(); ++index)
    out.ip.octets.at(index) = value[4 + index] ^ mask.at(index);
  return out;
}

bool stands_behind_integrity(std::uint16_t type) {
  return type == static_cast<std::uint16_t>(Attribute::message_integrity_sha256) ||
         type == static_cast<std::uint16_t>(Attribute::fingerprint);
}
bool is_foreign(std::uint16_t type, std::initializer_list<Attribute> known) {
  return must_be_understood(type) && std::none_of(known.begin(), known.end(), [type](Attribute each) {
           return type == static_cast<std::uint16_t>(each);
         });
}
bool is_integrity(std::uint16_t type) {
  return type == static_cast<std::uint16_t>(Attribute::message_integrity) ||
         type == static_cast<std::uint16_t>(Attribute::message_integrity_sha256);
}

}  // namespace

std::size_t size_of_next(BytesView octets) {
  return octets.size() < 4 ? 0 : k_header_size_bytes + u16_at(octets, 2);
}

std::optional<Message> Message::read(BytesView octets) {
  if (octets.size() < k_header_size_bytes || !may_be_stun(octets) || octets.size() % 4 != 0 ||
      octets.size() != size_of_next(octets) || u32_at(octets, 4) != k_magic_cookie)
    return std::nullopt;
  Message out(octets);
  // §5: the bits of the class stand between those of the method.
  const auto type = u16_at(octets, 0);
  out.class_ = static_cast<Class>((type >> 7U & 2U) | (type >> 4U & 1U));
  out.method_ = static_cast<Method>((type >> 2U & 0xF80U) | (type >> 1U & 0x70U) | (type & 0xFU));
  std::copy_n(octets.begin() + 8, k_transaction_size_bytes, out.transaction_.begin());
  if (!out.lengths_are_right()) return std::nullopt;
  return out;
}

bool Message::lengths_are_right() const {
  bool fingerprint_seen = false;
  std::size_t count = 0;
  for (std::size_t at = k_header_size_bytes; at < octets_.size(); ++count) {
    if (octets_.size() - at < k_attribute_header_bytes || fingerprint_seen || count == k_max_attributes)
      return false;
    fingerprint_seen = u16_at(octets_, at) == static_cast<std::uint16_t>(Attribute::fingerprint);
    const std::size_t size = padded(u16_at(octets_, at + 2));
    at += k_attribute_header_bytes;
    if (octets_.size() - at < size) return false;
    at += size;
  }
  return true;
}

std::optional<Message::Place> Message::Walk::next() {
  while (at_ < octets_.size()) {
    const Place place{u16_at(octets_, at_), u16_at(octets_, at_ + 2),
                      static_cast<std::uint32_t>(at_ + k_attribute_header_bytes)};
    at_ = place.offset + padded(place.size);
    if (integrity_seen_ && !stands_behind_integrity(place.type)) continue;
    integrity_seen_ = integrity_seen_ || is_integrity(place.type);
    return place;
  }
  return std::nullopt;
}

std::optional<Message::Place> Message::place_of(Attribute type) const {
  Walk walk(octets_);
  while (const auto place = walk.next())
    if (place->type == static_cast<std::uint16_t>(type)) return place;
  return std::nullopt;
}

std::optional<BytesView> Message::find(Attribute type) const {
  const auto place = place_of(type);
  if (!place) return std::nullopt;
  return value_at(*place);
}

std::optional<std::uint32_t> Message::number(Attribute type) const {
  const auto value = find(type);
  if (!value || value->size() != 4) return std::nullopt;
  return u32_at(*value, 0);
}

std::optional<Address> Message::xor_address(Attribute type) const {
  const auto value = find(type);
  return value ? unmask(*value, transaction_) : std::nullopt;
}

std::optional<ErrorCode> Message::error() const {
  const auto value = find(Attribute::error_code);
  if (!value || value->size() < 4) return std::nullopt;
  return static_cast<ErrorCode>(((*value)[2] & 7U) * 100 + (*value)[3]);
}

std::optional<std::vector<Address>> Message::all_xor_addresses(Attribute type) const {
  std::vector<Address> out;
  Walk walk(octets_);
  while (const auto place = walk.next()) {
    if (place->type != static_cast<std::uint16_t>(type)) continue;
    const auto address = unmask(value_at(*place), transaction_);
    if (!address) return std::nullopt;
    out.push_back(*address);
  }
  return out;
}

std::vector<std::uint16_t> Message::unknown(std::initializer_list<Attribute> known) const {
  std::vector<std::uint16_t> out;
  Walk walk(octets_);
  while (const auto place = walk.next()) {
    const auto type = place->type;
    if (is_foreign(type, known) && std::find(out.begin(), out.end(), type) == out.end()) out.push_back(type);
  }
  return out;
}

bool Message::has_unknown(std::initializer_list<Attribute> known) const {
  Walk walk(octets_);
  while (const auto place = walk.next())
    if (is_foreign(place->type, known)) return true;
  return false;
}

Bytes Message::covered_by(const Place& place) const {
  const std::size_t begins = place.offset - k_attribute_header_bytes;
  Bytes out = copy_of(octets_.first(begins));
  const std::size_t length = place.offset + padded(place.size) - k_header_size_bytes;
  out[2] = static_cast<std::uint8_t>(length >> 8U);
  out[3] = static_cast<std::uint8_t>(length);
  return out;
}

bool Message::integrity_holds(BytesView key) const {
  const auto place = place_of(Attribute::message_integrity);
  if (!place) return false;
  return security::equal_in_constant_time(security::hmac_sha1(key, covered_by(*place)), value_at(*place));
}

bool Message::integrity_sha256_holds(BytesView key) const {
  const auto place = place_of(Attribute::message_integrity_sha256);
  // §14.6: who cuts it short says so in a usage of his own; TURN does not.
  if (!place || place->size != security::k_hmac_bytes) return false;
  return security::equal_in_constant_time(security::hmac_sha256(key, covered_by(*place)), value_at(*place));
}

bool Message::fingerprint_holds() const {
  const auto place = place_of(Attribute::fingerprint);
  return place && place->size == k_fingerprint_bytes &&
         u32_at(octets_, place->offset) ==
             fingerprint_of(octets_.first(place->offset - k_attribute_header_bytes));
}

MessageWriter::MessageWriter(Class cls, Method method, const TransactionId& transaction) {
  const auto c = static_cast<unsigned>(cls);
  const auto m = static_cast<unsigned>(method);
  out_.reserve(128);
  push_u16(out_, (m & 0xF80U) << 2U | (m & 0x70U) << 1U | (m & 0xFU) | (c & 2U) << 7U | (c & 1U) << 4U);
  push_u16(out_, 0);
  push_u32(out_, k_magic_cookie);
  append(out_, transaction);
}

void MessageWriter::set_length(std::size_t octets_after_header) {
  out_[2] = static_cast<std::uint8_t>(octets_after_header >> 8U);
  out_[3] = static_cast<std::uint8_t>(octets_after_header);
}

// The length tells of this attribute from here on: an integrity or fingerprint is computed before its value
// is there.
void MessageWriter::begin(Attribute type, std::size_t value_size_bytes) {
  set_length(out_.size() - k_header_size_bytes + k_attribute_header_bytes + padded(value_size_bytes));
  push_u16(out_, static_cast<std::uint16_t>(type));
  push_u16(out_, value_size_bytes);
}

void MessageWriter::add(Attribute type, BytesView value) {
  assert(value.size() <= 0xFFFF);
  begin(type, value.size());
  append(out_, value);
  out_.resize(padded(out_.size()));
}

void MessageWriter::add_number(Attribute type, std::uint32_t number) {
  begin(type, 4);
  push_u32(out_, number);
}

void MessageWriter::add_xor_address(Attribute type, const Address& address) {
  begin(type, 4 + address.ip.size_bytes());
  TransactionId transaction{};
  std::copy_n(out_.begin() + 8, transaction.size(), transaction.begin());
  const auto mask = mask_of(transaction);
  push_u16(out_, static_cast<std::uint8_t>(address.ip.family));
  push_u16(out_, address.port ^ (k_magic_cookie >> 16U));
  for (std::size_t index = 0; index < address.ip.size_bytes(); ++index)
    out_.push_back(address.ip.octets.at(index) ^ mask.at(index));
}

void MessageWriter::add_error(ErrorCode code) { add(Attribute::error_code, with_words(0, code)); }

void MessageWriter::add_error_code(ErrorCode code) {
  const auto number = static_cast<std::uint32_t>(code);
  add_number(Attribute::error_code, (number / 100) << 8U | number % 100);
}

void MessageWriter::add_address_error(Family family, ErrorCode code) {
  add(Attribute::address_error_code, with_words(static_cast<std::uint32_t>(family), code));
}

void MessageWriter::add_unknown(const std::vector<std::uint16_t>& types) {
  Bytes value;
  for (const auto each : types) push_u16(value, each);
  add(Attribute::unknown_attributes, value);
}

void MessageWriter::add_integrity(BytesView key) {
  set_length(out_.size() - k_header_size_bytes + k_attribute_header_bytes + security::k_hmac_sha1_bytes);
  add(Attribute::message_integrity, security::hmac_sha1(key, out_));
}

void MessageWriter::add_integrity_sha256(BytesView key) {
  set_length(out_.size() - k_header_size_bytes + k_attribute_header_bytes + security::k_hmac_bytes);
  add(Attribute::message_integrity_sha256, security::hmac_sha256(key, out_));
}

void MessageWriter::add_fingerprint() {
  set_length(out_.size() - k_header_size_bytes + k_attribute_header_bytes + k_fingerprint_bytes);
  add_number(Attribute::fingerprint, fingerprint_of(out_));
}

std::string_view words_for(ErrorCode code) {
  switch (code) {
    case ErrorCode::try_alternate:
      return "Try Alternate";
    case ErrorCode::bad_request:
      return "Bad Request";
    case ErrorCode::unauthenticated:
      return "Unauthenticated";
    case ErrorCode::forbidden:
      return "Forbidden";
    case ErrorCode::unknown_attribute:
      return "Unknown Attribute";
    case ErrorCode::allocation_mismatch:
      return "Allocation Mismatch";
    case ErrorCode::stale_nonce:
      return "Stale Nonce";
    case ErrorCode::address_family_not_supported:
      return "Address Family not Supported";
    case ErrorCode::wrong_credentials:
      return "Wrong Credentials";
    case ErrorCode::unsupported_transport_protocol:
      return "Unsupported Transport Protocol";
    case ErrorCode::peer_address_family_mismatch:
      return "Peer Address Family Mismatch";
    case ErrorCode::allocation_quota_reached:
      return "Allocation Quota Reached";
    case ErrorCode::server_error:
      return "Server Error";
    case ErrorCode::insufficient_capacity:
      return "Insufficient Capacity";
  }
  return "";
}

}  // namespace ringway::stun
