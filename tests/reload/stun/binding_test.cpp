// Binding requests and their answers, octet by octet (RFC 8489, RFC 5769).
#include "reload/stun/binding.hpp"

#include <gtest/gtest.h>

#include <string>

#include "reload/stun/message.hpp"

namespace ringway::stun {
namespace {

Bytes octets(const std::string& hex) {
  Bytes out;
  EXPECT_TRUE(from_hex(hex, out)) << hex;
  return out;
}

const std::string k_transaction = "b7e7a701bc34d686fa87dfae";  // of RFC 5769's vectors
std::string request(const std::string& attributes = "") {
  const auto size = attributes.size() / 2;
  const Bytes length{static_cast<std::uint8_t>(size >> 8U), static_cast<std::uint8_t>(size)};
  return "0001" + to_hex(length) + "2112a442" + k_transaction + attributes;
}
std::string answered(const std::string& hex, const std::string& address = "192.0.2.1",
                     std::uint16_t port = 32853) {
  const auto from = address_of(address, port);
  const auto out = from ? answer_binding(octets(hex), *from) : std::nullopt;
  return out ? to_hex(*out) : "";
}

// The mapped addresses of RFC 5769 §2.2 and §2.3.
TEST(StunTest, SaysWhereItCameFrom) {
  EXPECT_EQ(answered(request()), "0101000c2112a442" + k_transaction + "002000080001a147e112a643");
  EXPECT_EQ(answered(request(), "2001:db8:1234:5678:11:2233:4455:6677"),
            "010100182112a442" + k_transaction + "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
}

// Without the cookie; sixteen octets are the transaction then, and the address is as it is (RFC 3489
// §11.2.1).
TEST(StunTest, BareRequestsOfTheProtocolBeforeHaveAnAnswerOfTheirOwn) {
  const auto bare = [](const std::string& hex, const std::string& address = "192.0.2.1") {
    const auto out = answer_bare_binding(octets(hex), address_of(address, 32853).value());
    return out ? to_hex(*out) : "";
  };
  const std::string transaction = "00112233445566778899aabbccddeeff";
  EXPECT_EQ(bare("00010000" + transaction), "0101000c" + transaction + "000100080001" + "8055c0000201");
  EXPECT_EQ(bare("00010000" + transaction, "2001:db8::1"),
            "01010018" + transaction + "000100140002" + "8055" + "20010db8000000000000000000000001");
  EXPECT_EQ(bare("00010008" + transaction + "0003000400000002"), "") << "CHANGE-REQUEST";
  EXPECT_EQ(bare("00020000" + transaction), "") << "another method";
  EXPECT_EQ(bare("01010000" + transaction), "") << "an answer";
  EXPECT_EQ(bare("00010000" + transaction.substr(2)), "");
}

// RFC 5769 §2.1: SOFTWARE, PRIORITY (of ICE, which nobody speaks here), ICE-CONTROLLED, USERNAME,
// MESSAGE-INTEGRITY and FINGERPRINT.
TEST(StunTest, WhatIsNotUnderstoodIsNamed) {
  const std::string software =
                        "80220003"
                        "61626300",
                    user =
                        "00060002"
                        "61620000";
  EXPECT_FALSE(answered(request(software + user)).empty());
  EXPECT_EQ(answered(request(software +
                             "00240004"
                             "6e0001ff" +
                             user)),
            "011100242112a442" + k_transaction +
                "00090015"
                "00000414" +
                to_hex(view_of(std::string_view("Unknown Attribute"))) +
                "000000"
                "000a0002"
                "00240000");
}

TEST(StunTest, NothingElseIsAnswered) {
  EXPECT_EQ(answered(""), "");
  EXPECT_EQ(answered("0011" + request().substr(4)), "") << "an indication";
  EXPECT_EQ(answered("0101" + request().substr(4)), "") << "an answer";
  EXPECT_EQ(answered("00010000"
                     "2112a443" +
                     k_transaction),
            "")
      << "another cookie";
  EXPECT_EQ(answered("00010004"
                     "2112a442" +
                     k_transaction),
            "")
      << "shorter than it says";
  EXPECT_EQ(answered(request() + "00000000"), "") << "longer than it says";
  EXPECT_EQ(answered(request("8022ffff"
                             "00000000")),
            "")
      << "an attribute that goes over its end";
  EXPECT_EQ(answered(request("8022")), "");
  for (std::size_t size = 0; size < 20; ++size)
    EXPECT_EQ(answered(request().substr(0, 2 * size)), "") << size;
  EXPECT_EQ(answered(request(), "somewhere"), "");
}

TEST(StunTest, HasBounds) {
  std::string most;
  for (std::size_t at = 0; at < k_max_attributes; ++at) most += "80220000";
  EXPECT_FALSE(answered(request(most)).empty());
  EXPECT_EQ(answered(request(most + "80220000")), "");
  const auto padded = [](std::size_t bytes) {
    const std::size_t value = bytes - 24;
    const Bytes length{static_cast<std::uint8_t>(value >> 8U), static_cast<std::uint8_t>(value)};
    return request("8022" + to_hex(length) + std::string(2 * value, '0'));
  };
  EXPECT_FALSE(answered(padded(k_max_binding_request_bytes)).empty());
  EXPECT_EQ(answered(padded(k_max_binding_request_bytes + 4)), "");
  std::string unknown;
  for (std::size_t at = 0; at < k_max_unknown_named; ++at)
    unknown += to_hex(Bytes{0, static_cast<std::uint8_t>(0x70 + at), 0, 0});
  EXPECT_EQ(answered(request(unknown + "00250000")), answered(request(unknown)));
}

TEST(StunTest, ToldFromSipByItsFirstOctet) {
  EXPECT_TRUE(may_be_stun(octets(request())));
  EXPECT_FALSE(may_be_stun(view_of(std::string_view("\r\n\r\n"))));
  EXPECT_FALSE(may_be_stun(view_of(std::string_view("OPTIONS"))));
  EXPECT_FALSE(may_be_stun({}));
}

}  // namespace
}  // namespace ringway::stun
