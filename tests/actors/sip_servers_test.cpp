// From the element's question to the servers of a domain: by a resolver that answers when the test says so,
// and by a real one with a name server that is not ours.
#include "actors/sip_servers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>

#include "net/io_pool.hpp"
#include "sim/seeded_random.hpp"
#include "tests/net/dns/nsd.hpp"

namespace ringway::actors {
namespace {

namespace dns = net::dns;
namespace element = sip::element;
using sip::DnsTarget;
using sip::ServerTransport;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::chrono::seconds k_patience{20};

element::QuestionId question(std::uint64_t number) { return element::QuestionId{number}; }

// Keeps what it is asked until the test answers.
class WaitingResolver : public dns::Resolver {
 public:
  Result<dns::QueryId> query(const std::string& name, dns::RecordType type, Done done) override {
    if (is_full) return Failure{"full"};
    const dns::QueryId query{++last};
    waiting.emplace(query, Waiting{name, type, std::move(done)});
    return query;
  }
  void cancel(dns::QueryId query) override { waiting.erase(query); }
  void stop() override {}
  dns::Counters counters() const override { return {}; }
  TableSizes tables() const override { return {}; }

  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& [query, one] : waiting) out.push_back(one.name);
    return out;
  }
  // The first that is waited for.
  void answer(dns::Answer answer) {
    const auto node = waiting.extract(waiting.begin());
    node.mapped().done(std::move(answer));
  }

  struct Waiting {
    std::string name;
    dns::RecordType type;
    Done done;
  };
  std::map<dns::QueryId, Waiting> waiting;
  std::uint64_t last = 0;
  bool is_full = false;
};

// What the element is told.
class Told {
 public:
  SipServers::Tell tell() {
    return [this](element::Input input) {
      const std::lock_guard lock(mutex_);
      inputs_.push_back(std::move(input));
      changed_.notify_all();
    };
  }
  // The servers of the only answer there is.
  std::vector<DnsTarget> servers() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, k_patience, [this] { return !inputs_.empty(); });
    EXPECT_THAT(inputs_, SizeIs(1));
    const auto* found = inputs_.empty() ? nullptr : std::get_if<element::ServersFound>(&inputs_.front());
    EXPECT_NE(found, nullptr);
    return found == nullptr ? std::vector<DnsTarget>() : found->servers;
  }
  // Why the last one failed.
  std::string failure() {
    const std::lock_guard lock(mutex_);
    const auto* failed = inputs_.empty() ? nullptr : std::get_if<element::QuestionFailed>(&inputs_.back());
    return failed == nullptr ? "" : failed->reason;
  }
  std::size_t count() {
    const std::lock_guard lock(mutex_);
    return inputs_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<element::Input> inputs_;
};

sip::servers::Settings all_reachable() { return {}; }

struct SipServersTest : testing::Test {
  std::shared_ptr<WaitingResolver> resolver = std::make_shared<WaitingResolver>();
  Told told;
  std::optional<SipServers> servers;

  SipServersTest() {
    servers.emplace(resolver, std::make_unique<sim::SeededRandom>(1), told.tell(), all_reachable());
  }
};

TEST_F(SipServersTest, AnswersComeFromDns) {
  servers->ask({question(7), "example.com", std::nullopt, "tcp", false});
  EXPECT_THAT(resolver->names(), ElementsAre("_sip._tcp.example.com"));
  EXPECT_EQ(resolver->waiting.begin()->second.type, dns::RecordType::srv);
  resolver->answer(dns::Records(std::vector<dns::Srv>{{1, 0, 5070, "sip.example.com"}}));
  EXPECT_THAT(resolver->names(), ElementsAre("sip.example.com", "sip.example.com"));
  EXPECT_EQ(resolver->waiting.begin()->second.type, dns::RecordType::aaaa);
  resolver->answer(dns::Records(dns::Addresses()));
  EXPECT_EQ(servers->tables().front().size, 1U);
  EXPECT_EQ(resolver->waiting.begin()->second.type, dns::RecordType::a);
  resolver->answer(dns::Records(dns::Addresses{"192.0.2.1"}));
  EXPECT_THAT(told.servers(), ElementsAre(DnsTarget{"192.0.2.1", 5070, ServerTransport::tcp}));
  EXPECT_EQ(servers->tables().front().size, 0U);
}

TEST_F(SipServersTest, AddressesAreAnsweredAtOnce) {
  servers->ask({question(1), "192.0.2.5", 5080, "", true});
  EXPECT_THAT(told.servers(), ElementsAre(DnsTarget{"192.0.2.5", 5080, ServerTransport::tls}));
  EXPECT_THAT(resolver->waiting, IsEmpty());
}

TEST_F(SipServersTest, FailuresAreTold) {
  servers->ask({question(1), "example.com", 5060, "", false});
  resolver->answer(dns::QueryFailure{dns::Problem::no_answer, "silent"});
  EXPECT_EQ(told.count(), 0U);
  resolver->answer(dns::QueryFailure{dns::Problem::no_answer, "silent"});
  EXPECT_EQ(told.failure(), "example.com: silent");
  servers->ask({question(2), "example.com", std::nullopt, "sctp", false});
  EXPECT_EQ(told.failure(), "no transport sctp");
  resolver->is_full = true;
  servers->ask({question(3), "example.com", 5060, "", false});
  EXPECT_EQ(told.failure(), "example.com: full");
  EXPECT_EQ(told.count(), 3U);
  EXPECT_EQ(servers->tables().front().size, 0U);
}

TEST_F(SipServersTest, WhatIsDroppedIsNotTold) {
  servers->ask({question(1), "example.com", 5060, "", false});
  const auto late = resolver->waiting.begin()->second.done;
  servers->drop(question(1));
  servers->drop(question(2));
  EXPECT_THAT(resolver->waiting, IsEmpty());
  late(dns::Records(dns::Addresses{"192.0.2.1"}));
  EXPECT_EQ(told.count(), 0U);
}

TEST_F(SipServersTest, NoMoreSearchesThanTheBound) {
  for (std::uint64_t i = 0; i < k_max_server_searches; ++i)
    servers->ask({question(i), "example.com", 5060, "", false});
  EXPECT_EQ(told.count(), 0U);
  servers->ask({question(k_max_server_searches), "example.com", 5060, "", false});
  EXPECT_EQ(told.failure(), "too many searches for servers are under way");
  servers->drop(question(0));
  servers->ask({question(k_max_server_searches), "example.com", 5060, "", false});
  EXPECT_EQ(told.count(), 1U);
  EXPECT_EQ(servers->tables().front().size, k_max_server_searches);
}

TEST_F(SipServersTest, AnswersAfterTheEndAreForNobody) {
  servers->ask({question(1), "example.com", 5060, "", false});
  const auto late = resolver->waiting.begin()->second.done;
  servers.reset();
  EXPECT_THAT(resolver->waiting, IsEmpty());
  late(dns::Records(dns::Addresses{"192.0.2.1"}));
  EXPECT_EQ(told.count(), 0U);
}

TEST(SipServersInDns, OfTheExampleOfRfc3263) {
  // Shows: SIP-26.
  net::IoPool pool;
  dns::Settings settings;
  settings.servers = dns::test::Nsd::shared().address();
  const auto resolver = dns::Resolver::start(pool, settings);
  ASSERT_TRUE(resolver.ok());
  struct {
    element::AskServers ask;
    std::vector<DnsTarget> servers;
  } const table[] = {
      {{question(1), "example.com", std::nullopt, "", true},
       {{"2001:db8::1", 5061, ServerTransport::tls}, {"192.0.2.1", 5061, ServerTransport::tls}}},
      {{question(2), "example.com", std::nullopt, "", false},
       {{"2001:db8::1", 5061, ServerTransport::tls}, {"192.0.2.1", 5061, ServerTransport::tls}}},
      {{question(3), "example.com", std::nullopt, "udp", false}, {}},  // an SRV record of "."
      {{question(4), "example.com", 5062, "", false}, {{"192.0.2.80", 5062, ServerTransport::udp}}},
      {{question(5), "server1.example.com", std::nullopt, "", false},
       {{"2001:db8::1", 5060, ServerTransport::udp}, {"192.0.2.1", 5060, ServerTransport::udp}}},
      {{question(6), "nobody.example.com", std::nullopt, "", false}, {}},
  };
  for (const auto& one : table) {
    Told told;
    SipServers servers(*resolver, std::make_unique<sim::SeededRandom>(1), told.tell(), all_reachable());
    servers.ask(one.ask);
    EXPECT_EQ(told.servers(), one.servers) << one.ask.domain;
  }
  (*resolver)->stop();
}

TEST(SipServersInDns, AddressesThatLeadNowhereAreNotUsed) {
  EXPECT_EQ(reach_of("0.0.0.0"), sip::servers::Reach::never);
  EXPECT_EQ(reach_of("127.0.0.1"), sip::servers::Reach::usable);
}

}  // namespace
}  // namespace ringway::actors
