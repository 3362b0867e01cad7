// STUN messages against the vectors of RFC 5769 and RFC 8489, Appendix B; what is refused; what is written.
#include "reload/stun/message.hpp"

#include <gtest/gtest.h>

#include <string>

#include "reload/security/hmac.hpp"
#include "reload/stun/long_term.hpp"

namespace ringway::stun {
namespace {

const std::string k_request =
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff"
    "80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249"
    "c1b571a280280004e57a3bcf";
const std::string k_ipv4_response =
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96";
const std::string k_ipv6_response =
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa"
    "a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c";
const std::string k_long_term =
    "000100602112a44278ad3433c6ad72c029da412e00060012e3839ee38388e383aae38383e382afe382b900000015001c"
    "662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b6578616d706c652e6f72670000080014"
    "f67024656dd64a3e02b8e0712e85c9a28ca89666";
const std::string k_sha256 =
    "0001009c2112a44278ad3433c6ad72c029da412e001e00204a3cf38fef6992bda952c6780417da0f24819415569e60b2"
    "05c46e41407f1704001500296f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c3946535476"
    "79363473410000000014000b6578616d706c652e6f726700001c0020e4686c8f0edeb59013e07090010a93efccbccc54"
    "4c0a45d9f830aa6d6f735a01";
const std::string k_password = "VOkJxbRl1RmTxUk/WvJxBt";

Bytes octets(const std::string& hex) {
  Bytes out;
  EXPECT_TRUE(from_hex(hex, out)) << hex;
  return out;
}

std::string text(std::optional<BytesView> value) {
  return value ? std::string(text_of(*value)) : std::string("(none)");
}

// Shows: ICE-35, ICE-36.
TEST(StunMessageTest, ReadsTheRequestOfRfc5769) {
  const auto bytes = octets(k_request);
  const auto message = Message::read(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->cls(), Class::request);
  EXPECT_EQ(message->method(), Method::binding);
  EXPECT_EQ(to_hex(message->transaction()), "b7e7a701bc34d686fa87dfae");
  EXPECT_EQ(text(message->find(Attribute::software)), "STUN test client");
  EXPECT_EQ(text(message->find(Attribute::username)), "evtj:h6vY");
  EXPECT_EQ(message->number(Attribute::priority), 0x6E0001FFU);
  EXPECT_TRUE(message->integrity_holds(view_of(k_password)));
  EXPECT_FALSE(message->integrity_holds(view_of(std::string_view("another"))));
  EXPECT_FALSE(message->integrity_sha256_holds(view_of(k_password))) << "is not there";
  EXPECT_TRUE(message->fingerprint_holds());
}

// Shows: ICE-35, ICE-36.
TEST(StunMessageTest, ReadsTheAnswersOfRfc5769) {
  for (const auto& [hex, address] :
       {std::pair{k_ipv4_response, "192.0.2.1"}, {k_ipv6_response, "2001:db8:1234:5678:11:2233:4455:6677"}}) {
    const auto bytes = octets(hex);
    const auto message = Message::read(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->cls(), Class::success);
    EXPECT_EQ(message->xor_address(Attribute::xor_mapped_address), address_of(address, 32853));
    EXPECT_TRUE(message->integrity_holds(view_of(k_password)));
    EXPECT_TRUE(message->fingerprint_holds());
  }
}

const std::string k_matrix = "\xE3\x83\x9E\xE3\x83\x88\xE3\x83\xAA\xE3\x83\x83\xE3\x82\xAF\xE3\x82\xB9";

TEST(StunMessageTest, LongTermCredentialsOfRfc5769) {
  const auto bytes = octets(k_long_term);
  const auto message = Message::read(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(text(message->find(Attribute::username)), k_matrix);
  EXPECT_EQ(text(message->find(Attribute::nonce)), "f//499k954d6OL34oL9FSTvy64sA");
  EXPECT_TRUE(
      message->integrity_holds(long_term_key(PasswordAlgorithm::md5, k_matrix, "example.org", "TheMatrIX")));
}

// Appendix B.1 says 156 octets of attributes where there are 136, and computes with that: the key and the
// digest can be checked, the message itself is none.
TEST(StunMessageTest, Sha256OfRfc8489) {
  const auto bytes = octets(k_sha256);
  const auto key = long_term_key(PasswordAlgorithm::sha256, k_matrix, "example.org", "TheMatrIX");
  EXPECT_EQ(to_hex(security::hmac_sha256(key, BytesView(bytes).first(bytes.size() - 36))),
            to_hex(BytesView(bytes).last(32)));
  EXPECT_FALSE(Message::read(bytes));
}

// A bit anywhere: neither integrity nor fingerprint holds, and nothing else is read.
TEST(StunMessageTest, EveryBitCounts) {
  const auto good = octets(k_request);
  const std::size_t covered = good.size() - 8;
  for (std::size_t bit = 0; bit < 8 * covered; ++bit) {
    auto bytes = good;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    const auto message = Message::read(bytes);
    if (!message) continue;
    EXPECT_FALSE(message->fingerprint_holds()) << bit;
    EXPECT_FALSE(message->integrity_holds(view_of(k_password))) << bit;
  }
}

TEST(StunMessageTest, WhatIsCutShortIsRefused) {
  const auto good = octets(k_request);
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(Message::read(BytesView(good).first(size))) << size;
  auto longer = good;
  longer.resize(longer.size() + 4);
  EXPECT_FALSE(Message::read(longer));
  auto other_cookie = good;
  other_cookie[4] = 0;
  EXPECT_FALSE(Message::read(other_cookie));
  auto channel_data = good;
  channel_data[0] = 0x40;
  EXPECT_FALSE(Message::read(channel_data));
}

constexpr TransactionId k_transaction{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

TEST(StunMessageTest, EveryMethodAndClassComesBack) {
  // Those of 0x100 and more begin with octets that belong to others (RFC 7983 §7).
  for (unsigned method = 0; method < 0x100; ++method) {
    for (const auto cls : {Class::request, Class::indication, Class::success, Class::error}) {
      const auto bytes = MessageWriter(cls, static_cast<Method>(method), k_transaction).take();
      const auto message = Message::read(bytes);
      ASSERT_TRUE(message);
      EXPECT_EQ(message->cls(), cls);
      EXPECT_EQ(message->method(), static_cast<Method>(method));
    }
  }
  // RFC 8489 §5: a Binding request, its answers.
  EXPECT_EQ(to_hex(MessageWriter(Class::request, Method::binding, k_transaction).take()).substr(0, 4),
            "0001");
  EXPECT_EQ(to_hex(MessageWriter(Class::success, Method::binding, k_transaction).take()).substr(0, 4),
            "0101");
  EXPECT_EQ(to_hex(MessageWriter(Class::error, Method::allocate, k_transaction).take()).substr(0, 4), "0113");
}

TEST(StunMessageTest, WhatIsWrittenIsRead) {
  MessageWriter out(Class::error, Method::allocate, k_transaction);
  out.add_error(ErrorCode::stale_nonce);
  out.add(Attribute::realm, "example.org");
  out.add_number(Attribute::lifetime, 600);
  const auto v6 = address_of("2001:db8::1", 49152);
  out.add_xor_address(Attribute::xor_relayed_address, *v6);
  out.add_unknown({0x0024, 0x7FFF, 0x0025});
  const Bytes key{1, 2, 3};
  out.add_integrity(key);
  out.add_integrity_sha256(key);
  out.add_fingerprint();
  const auto bytes = out.take();
  const auto message = Message::read(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->error(), ErrorCode::stale_nonce);
  EXPECT_EQ(text(message->find(Attribute::error_code)).substr(4), "Stale Nonce");
  EXPECT_EQ(text(message->find(Attribute::realm)), "example.org");
  EXPECT_EQ(message->number(Attribute::lifetime), 600U);
  EXPECT_EQ(message->xor_address(Attribute::xor_relayed_address), v6);
  EXPECT_EQ(to_hex(*message->find(Attribute::unknown_attributes)), "00247fff0025");
  EXPECT_TRUE(message->integrity_holds(key));
  EXPECT_TRUE(message->integrity_sha256_holds(key));
  EXPECT_TRUE(message->fingerprint_holds());
}

// RFC 8489 §14.5, §14.6: who has no key may append to a message.
TEST(StunMessageTest, WhatStandsBehindIntegrityIsNotThere) {
  MessageWriter out(Class::request, Method::allocate, k_transaction);
  out.add(Attribute::username, "alice");
  out.add_integrity(Bytes{1});
  out.add(Attribute::realm, "evil");
  out.add_number(static_cast<Attribute>(0x0042), 1);
  const auto bytes = out.take();
  const auto message = Message::read(bytes);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->integrity_holds(Bytes{1}));
  EXPECT_FALSE(message->has(Attribute::realm));
  EXPECT_TRUE(message->unknown({Attribute::username, Attribute::message_integrity}).empty());
  // §14.7: nothing stands behind a fingerprint.
  MessageWriter last(Class::request, Method::allocate, k_transaction);
  last.add_fingerprint();
  last.add(Attribute::realm, "evil");
  EXPECT_FALSE(Message::read(last.take()));
}

TEST(StunMessageTest, TheFirstOfItsTypeCounts) {
  MessageWriter out(Class::request, Method::create_permission, k_transaction);
  for (const auto* ip : {"192.0.2.1", "192.0.2.2"})
    out.add_xor_address(Attribute::xor_peer_address, *address_of(ip, 1));
  const auto bytes = out.take();
  const auto message = Message::read(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->xor_address(Attribute::xor_peer_address), address_of("192.0.2.1", 1));
  EXPECT_EQ(message->all_xor_addresses(Attribute::xor_peer_address)->size(), 2U);
  out = MessageWriter(Class::request, Method::create_permission, k_transaction);
  out.add(Attribute::xor_peer_address, "\0\3ab");
  const auto bad = out.take();
  EXPECT_FALSE(Message::read(bad)->all_xor_addresses(Attribute::xor_peer_address));
  EXPECT_FALSE(Message::read(bad)->xor_address(Attribute::xor_peer_address));
}

TEST(StunMessageTest, SayWhatIsNotKnownOnce) {
  MessageWriter out(Class::request, Method::allocate, k_transaction);
  for (const int type : {0x0024, 0x0025, 0x0024, 0x8042}) out.add_number(static_cast<Attribute>(type), 0);
  const auto bytes = out.take();
  EXPECT_EQ(Message::read(bytes)->unknown({Attribute::priority}), std::vector<std::uint16_t>{0x0025});
}

// Shows: ICE-37.
TEST(StunMessageTest, HasABoundOfAttributes) {
  MessageWriter out(Class::request, Method::binding, k_transaction);
  for (std::size_t count = 0; count < k_max_attributes; ++count) out.add(Attribute::software, "");
  EXPECT_TRUE(Message::read(MessageWriter(out).take()));
  out.add(Attribute::software, "");
  EXPECT_FALSE(Message::read(out.take()));
}

// Over a stream the attributes may have 65,532 octets, so that the last ones are beyond 65,535.
TEST(StunMessageTest, TheLongestOnesAreReadToTheirEnd) {
  constexpr std::size_t k_filler_bytes = 65'532 - 24 - 4 - 20;
  MessageWriter out(Class::request, Method::allocate, k_transaction);
  out.add_integrity(Bytes{1});
  out.add(Attribute::software, Bytes(k_filler_bytes));
  out.add(Attribute::software, Bytes(16));
  const auto loop = out.take();
  ASSERT_EQ(loop.size(), 20U + 65'532U);
  ASSERT_TRUE(Message::read(loop));
  MessageWriter last(Class::request, Method::allocate, k_transaction);
  last.add(Attribute::software, Bytes(k_filler_bytes + 20));
  last.add_integrity(Bytes{1});
  const auto octets = last.take();
  ASSERT_EQ(octets.size(), 20U + 65'532U);
  const auto message = Message::read(octets);
  ASSERT_TRUE(message);
  EXPECT_TRUE(message->integrity_holds(Bytes{1}));
  EXPECT_FALSE(message->integrity_holds(Bytes{2}));
}

TEST(StunMessageTest, AStreamTellsHowLongTheNextIs) {
  const auto bytes = octets(k_request);
  EXPECT_EQ(size_of_next(bytes), bytes.size());
  EXPECT_EQ(size_of_next(BytesView(bytes).first(4)), bytes.size());
  EXPECT_EQ(size_of_next(BytesView(bytes).first(3)), 0U);
}

}  // namespace
}  // namespace ringway::stun
