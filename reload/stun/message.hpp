// One STUN message (RFC 8489 §5, §14), read in place: nothing is copied and no memory is asked for, as the
// relay reads one for each packet that comes without a channel.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "reload/bytes.hpp"
#include "reload/stun/address.hpp"
#include "reload/stun/codes.hpp"

namespace ringway::stun {

inline constexpr std::size_t k_max_attributes = 128;

using TransactionId = std::array<std::uint8_t, k_transaction_size_bytes>;

// By its first octet, where STUN shares a port with DTLS and channels (RFC 7983 §7).
constexpr bool may_be_stun(BytesView octets) { return !octets.empty() && octets[0] < 4; }
// How many octets the message which begins here has in all, by its header; zero while that has not arrived
// whole. For streams (RFC 8489 §6.2.2).
std::size_t size_of_next(BytesView octets);

class Message {
 public:
  // The octets must outlive it. Nothing for what is no STUN message of this very length, or has more
  // attributes than k_max_attributes.
  static std::optional<Message> read(BytesView octets);

  Class cls() const { return class_; }
  Method method() const { return method_; }
  const TransactionId& transaction() const { return transaction_; }
  BytesView octets() const { return octets_; }

  // The first of its type (§14). What stands behind MESSAGE-INTEGRITY is not there, but for
  // MESSAGE-INTEGRITY-SHA256 and FINGERPRINT (§14.5, §14.6).
  std::optional<BytesView> find(Attribute type) const;
  bool has(Attribute type) const { return find(type).has_value(); }
  std::optional<std::uint32_t> number(Attribute type) const;  // of four octets
  std::optional<Address> xor_address(Attribute type) const;   // §14.2
  std::optional<ErrorCode> error() const;
  // XOR-PEER-ADDRESS may be there several times (RFC 8656 §10.1). Nothing when one of them cannot be read.
  std::optional<std::vector<Address>> all_xor_addresses(Attribute type) const;
  // Those that have to be understood and are not `known`, each once; for UNKNOWN-ATTRIBUTES (§6.3.1).
  std::vector<std::uint16_t> unknown(std::initializer_list<Attribute> known) const;
  bool has_unknown(std::initializer_list<Attribute> known) const;

  // False when the attribute is not there, too (§14.5 to §14.7).
  bool integrity_holds(BytesView key) const;
  bool integrity_sha256_holds(BytesView key) const;
  bool fingerprint_holds() const;

 private:
  struct Place {
    std::uint16_t type = 0, size = 0;  // of the value
    std::uint32_t offset = 0;          // over a stream a message may be longer than 65,535 octets
  };
  // Through the attributes that are there, of a message whose lengths are right. Most have few, and few are
  // looked for: no table of them is kept.
  class Walk {
   public:
    explicit Walk(BytesView octets) : octets_(octets) {}
    std::optional<Place> next();

   private:
    BytesView octets_;
    std::size_t at_ = k_header_size_bytes;
    bool integrity_seen_ = false;
  };
  explicit Message(BytesView octets) : octets_(octets) {}
  bool lengths_are_right() const;
  std::optional<Place> place_of(Attribute type) const;
  BytesView value_at(const Place& place) const { return octets_.subspan(place.offset, place.size); }
  // What an integrity or fingerprint is computed over: up to it, with a length that ends with it.
  Bytes covered_by(const Place& place) const;

  BytesView octets_;
  Class class_ = Class::request;
  Method method_ = Method::binding;
  TransactionId transaction_{};
};

class MessageWriter {
 public:
  MessageWriter(Class cls, Method method, const TransactionId& transaction);

  void add(Attribute type, BytesView value);  // at most 65,535 octets; padded with zeros
  void add(Attribute type, std::string_view text) { add(type, view_of(text)); }
  void add_number(Attribute type, std::uint32_t number);
  void add_xor_address(Attribute type, const Address& address);
  void add_error(ErrorCode code);                         // with the words of RFC 8489 or RFC 8656
  void add_error_code(ErrorCode code);                    // without words, which are for people
  void add_address_error(Family family, ErrorCode code);  // ADDRESS-ERROR-CODE (RFC 8656 §18.12)
  void add_unknown(const std::vector<std::uint16_t>& types);
  // These come last, in this order.
  void add_integrity(BytesView key);
  void add_integrity_sha256(BytesView key);
  void add_fingerprint();

  Bytes take() { return std::move(out_); }

 private:
  void begin(Attribute type, std::size_t value_size_bytes);
  void set_length(std::size_t octets_after_header);

  Bytes out_;
};

std::string_view words_for(ErrorCode code);

}  // namespace ringway::stun
