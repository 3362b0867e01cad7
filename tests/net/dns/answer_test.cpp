// What is read from a server's message, and for how long it holds.
#include "net/dns/answer.hpp"

#include <ares.h>
#include <gtest/gtest.h>

namespace ringway::net::dns {
namespace {

constexpr int k_a = 1, k_cname = 5, k_soa = 6;

// Octets of a message, in order.
class Message {
 public:
  Message(int answers, int authorities) {
    for (const int number : {0x1234, 0x8180, 1, answers, authorities, 0}) u16(number);
    name("a.example");
    u16(k_a).u16(1);
  }
  Message& u16(int number) {
    bytes_.push_back(static_cast<std::uint8_t>(number >> 8));
    bytes_.push_back(static_cast<std::uint8_t>(number & 0xff));
    return *this;
  }
  Message& u32(std::uint32_t number) {
    return u16(static_cast<int>(number >> 16)).u16(static_cast<int>(number & 0xffff));
  }
  Message& name(const std::string& text) {
    for (std::size_t from = 0; from < text.size();) {
      const auto to = std::min(text.find('.', from), text.size());
      bytes_.push_back(static_cast<std::uint8_t>(to - from));
      bytes_.insert(bytes_.end(), text.begin() + static_cast<std::ptrdiff_t>(from),
                    text.begin() + static_cast<std::ptrdiff_t>(to));
      from = to + 1;
    }
    bytes_.push_back(0);
    return *this;
  }
  Message& record(const std::string& owner, int type, std::uint32_t ttl_s, int size_bytes) {
    return name(owner).u16(type).u16(1).u32(ttl_s).u16(size_bytes);
  }
  Message& address(const std::string& owner, std::uint32_t ttl_s) {
    return record(owner, k_a, ttl_s, 4).u32(0xc0000201);
  }
  Message& alias(const std::string& owner, std::uint32_t ttl_s) {
    return record(owner, k_cname, ttl_s, 11).name("b.example");
  }
  Message& soa(std::uint32_t ttl_s, std::uint32_t minimum_s) {
    return record("example", k_soa, ttl_s, 22).name("").name("").u32(1).u32(2).u32(3).u32(4).u32(minimum_s);
  }
  Lasting read(int status) const { return read_answer(RecordType::a, status, bytes_, Settings()); }

 private:
  Bytes bytes_;
};

TEST(DnsAnswers, HoldForTheShortestTtl) {
  const auto one = Message(1, 0).address("a.example", 300).read(ARES_SUCCESS);
  ASSERT_TRUE(one.answer.ok());
  EXPECT_EQ(std::get<Addresses>(*one.answer), Addresses{"192.0.2.1"});
  EXPECT_EQ(one.lifetime, Duration{300'000});
  const auto two = Message(2, 0).address("a.example", 300).address("a.example", 7).read(ARES_SUCCESS);
  EXPECT_EQ(two.lifetime, Duration{7'000});
  const auto alias = Message(2, 0).alias("a.example", 5).address("b.example", 300).read(ARES_SUCCESS);
  EXPECT_EQ(std::get<Addresses>(*alias.answer), Addresses{"192.0.2.1"});
  EXPECT_EQ(alias.lifetime, Duration{5'000});
}

TEST(DnsAnswers, HoldNoLongerThanTheBound) {
  EXPECT_EQ(Message(1, 0).address("a.example", 0x7fffffff).read(ARES_SUCCESS).lifetime,
            Settings().max_lifetime);
  EXPECT_EQ(Message(1, 0).address("a.example", 0x80000000).read(ARES_SUCCESS).lifetime, Duration{0});
  EXPECT_EQ(Message(0, 1).soa(100'000, 100'000).read(ARES_ENOTFOUND).lifetime,
            Settings().max_lifetime_of_none);
}

TEST(DnsAnswers, ThatNothingIsThereHoldsAsTheZoneSays) {
  // RFC 2308 §5: the lesser of the SOA record's own TTL and its MINIMUM.
  for (const int status : {ARES_ENOTFOUND, ARES_ENODATA}) {
    EXPECT_EQ(Message(0, 1).soa(60, 20).read(status).lifetime, Duration{20'000});
    EXPECT_EQ(Message(0, 1).soa(10, 20).read(status).lifetime, Duration{10'000});
    EXPECT_EQ(Message(0, 0).read(status).lifetime, Duration{0});
    EXPECT_TRUE(Message(0, 0).read(status).answer.ok());
  }
  // An alias of something that has no such records.
  const auto alias = Message(1, 1).alias("a.example", 300).soa(60, 20).read(ARES_SUCCESS);
  ASSERT_TRUE(alias.answer.ok());
  EXPECT_TRUE(std::get<Addresses>(*alias.answer).empty());
  EXPECT_EQ(alias.lifetime, Duration{20'000});
  const auto fleeting = Message(1, 1).alias("a.example", 5).soa(60, 20).read(ARES_SUCCESS);
  EXPECT_EQ(fleeting.lifetime, Duration{5'000});
}

TEST(DnsAnswers, FailuresHoldForAMoment) {
  for (const int status : {ARES_ETIMEOUT, ARES_ECONNREFUSED, ARES_EBADRESP}) {
    const auto answer = read_answer(RecordType::srv, status, {}, Settings());
    EXPECT_FALSE(answer.answer.ok());
    EXPECT_EQ(answer.lifetime, Settings().lifetime_of_failure);
  }
  EXPECT_EQ(read_answer(RecordType::srv, ARES_EBADNAME, {}, Settings()).lifetime, Duration{0});
}

TEST(DnsAnswers, OctetsThatEndTooSoonAreNoAnswer) {
  for (const auto type : {RecordType::a, RecordType::aaaa, RecordType::srv, RecordType::naptr}) {
    const auto answer = read_answer(type, ARES_SUCCESS, Bytes(13, 0), Settings());
    EXPECT_FALSE(answer.answer.ok());
    EXPECT_FALSE(read_answer(type, ARES_SUCCESS, {}, Settings()).answer.ok());
  }
}

}  // namespace
}  // namespace ringway::net::dns
