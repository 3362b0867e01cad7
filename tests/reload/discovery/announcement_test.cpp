#include "reload/discovery/announcement.hpp"

#include <gtest/gtest.h>

#include "reload/link/link_id.hpp"

namespace ringway::discovery {
namespace {

wire::IpAddressPort address(std::string_view text) {
  wire::IpAddressPort out;
  EXPECT_TRUE(link::parse_address(text, out)) << text;
  return out;
}

TEST(Announcement, ItsBytes) {
  const Announcement said{
      true, overlay_tag("overlay.example.org"), {address("192.0.2.1:6084"), address("[2001:db8::7]:7000")}};
  const Bytes bytes = encode(said);
  // SHA-256 of the name, computed elsewhere.
  EXPECT_EQ(to_hex(bytes),
            "52574431"
            "02"
            "4b7d37360f7279eb41c504b7eadc03f8"
            "001c"
            "0106c000020117c4"
            "021220010db80000000000000000000000071b58");
  const auto again = decode(SharedBytes(bytes));
  ASSERT_TRUE(again.ok()) << again.error().reason;
  EXPECT_EQ(*again, said);
}

TEST(Announcement, NamesOfEitherCaseAreOneOverlay) {
  EXPECT_EQ(overlay_tag("Overlay.Example.ORG"), overlay_tag("overlay.example.org"));
  EXPECT_NE(overlay_tag("overlay.example.org"), overlay_tag("overlay.example.com"));
}

TEST(Announcement, OnlyWhatIsWrittenIsRead) {
  const Bytes good = encode({false, overlay_tag("a"), {address("192.0.2.1:6084")}});
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_FALSE(
        decode(SharedBytes(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size)))).ok())
        << size;
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_FALSE(decode(SharedBytes(longer)).ok());
  for (const auto& [at, value] : {std::pair{0, 0x53}, {3, 0x32}, {4, 0}, {4, 3}, {23, 0}, {23, 3}}) {
    Bytes wrong = good;
    wrong[static_cast<std::size_t>(at)] = static_cast<std::uint8_t>(value);
    EXPECT_FALSE(decode(SharedBytes(wrong)).ok()) << at;
  }
  EXPECT_FALSE(decode(SharedBytes(Bytes(k_max_datagram_size_bytes + 1, 0))).ok());
}

TEST(Announcement, HasEightAddressesAtMost) {
  Announcement said{false, overlay_tag("a"), {}};
  for (int i = 1; i <= 9; ++i) said.addresses.push_back(address("192.0.2." + std::to_string(i) + ":6084"));
  const Bytes cut = encode(said);
  EXPECT_EQ(decode(SharedBytes(cut))->addresses.size(), k_max_announced_addresses);
  Bytes nine = cut;
  const Bytes one(cut.end() - 8, cut.end());
  append(nine, one);
  nine[22] = static_cast<std::uint8_t>(nine[22] + 8);
  EXPECT_FALSE(decode(SharedBytes(nine)).ok());
}

TEST(Announcement, WhereNobodyCanBe) {
  for (const char* text : {"192.0.2.1:1", "10.0.0.1:6084", "169.254.3.4:6084", "127.0.0.1:6084",
                           "[2001:db8::1]:6084", "[fd00::1]:6084", "[::1]:6084"})
    EXPECT_TRUE(can_be_a_peer(address(text))) << text;
  for (const char* text : {"192.0.2.1:0", "0.0.0.0:6084", "224.0.0.1:6084", "239.255.60.84:6084",
                           "255.255.255.255:6084", "[ff02::1]:6084", "[fe80::1]:6084", "[::]:6084"})
    EXPECT_FALSE(can_be_a_peer(address(text))) << text;
  wire::IpAddressPort mapped = address("[2001:db8::1]:6084");
  mapped.address = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1};
  EXPECT_FALSE(can_be_a_peer(mapped));
}

}  // namespace
}  // namespace ringway::discovery
