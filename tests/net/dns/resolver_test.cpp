// Questions to servers that are there, silent, refusing or out of their minds.
#include "net/dns/resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>

#include "net/io_pool.hpp"
#include "tests/net/dns/nsd.hpp"
#include "tests/net/dns/odd_server.hpp"
#include "tests/net/dns/zone.hpp"

namespace ringway::net::dns {
namespace {

using test::Nsd;
using test::OddServer;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr std::chrono::seconds k_patience{20};

Settings quick(const std::string& servers) {
  Settings settings;
  settings.servers = servers;
  settings.try_time = Duration{200};
  settings.patience = Duration{2'000};
  return settings;
}

struct DnsResolver : testing::Test {
  IoPool pool{2};
  std::shared_ptr<Resolver> resolver;

  ~DnsResolver() override {
    if (resolver) resolver->stop();
  }
  void use(const Settings& settings) {
    auto started = Resolver::start(pool, settings);
    ASSERT_TRUE(started.ok());
    resolver = *started;
  }
  void use_nsd() { use(quick(Nsd::shared().address())); }

  std::future<Answer> begin(const std::string& name, RecordType type) {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    const auto query =
        resolver->query(name, type, [promise](Answer answer) { promise->set_value(std::move(answer)); });
    if (!query) promise->set_value(QueryFailure{Problem::refused, query.error().reason});
    return future;
  }
  Answer ask(const std::string& name, RecordType type) {
    auto future = begin(name, type);
    if (future.wait_for(k_patience) != std::future_status::ready)
      return QueryFailure{Problem::no_answer, "done was not called"};
    return future.get();
  }
  template <typename List>
  List records(const std::string& name, RecordType type) {
    const auto answer = ask(name, type);
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().reason);
    return answer ? std::get<List>(*answer) : List();
  }
};

TEST_F(DnsResolver, FindsAddresses) {
  use_nsd();
  EXPECT_THAT(records<Addresses>("server1.example.com", RecordType::a), ElementsAre("192.0.2.1"));
  EXPECT_THAT(records<Addresses>("SERVER1.Example.com.", RecordType::aaaa), ElementsAre("2001:db8::1"));
  EXPECT_THAT(records<Addresses>("server2.example.com", RecordType::a),
              UnorderedElementsAre("192.0.2.2", "192.0.2.3"));
}

TEST_F(DnsResolver, FindsServersAndServices) {
  use_nsd();
  EXPECT_THAT(
      records<std::vector<Srv>>("_sip._tcp.example.com", RecordType::srv),
      UnorderedElementsAre(Srv{0, 1, 5060, "server1.example.com"}, Srv{0, 2, 5060, "server2.example.com"}));
  EXPECT_THAT(records<std::vector<Srv>>("_sip._udp.example.com", RecordType::srv),
              ElementsAre(Srv{0, 0, 0, ""}));
  EXPECT_THAT(records<std::vector<Naptr>>("example.com", RecordType::naptr),
              UnorderedElementsAre(Naptr{50, 50, "s", "SIPS+D2T", "", "_sips._tcp.example.com"},
                                   Naptr{90, 50, "s", "SIP+D2T", "", "_sip._tcp.example.com"},
                                   Naptr{100, 50, "s", "SIP+D2U", "", "_sip._udp.example.com"}));
  EXPECT_THAT(records<std::vector<Naptr>>("enum.example.com", RecordType::naptr),
              ElementsAre(Naptr{10, 20, "u", "E2U+sip", "!^.*$!sip:info@example.com!", ""}));
}

TEST_F(DnsResolver, FollowsAliases) {
  use_nsd();
  EXPECT_THAT(records<Addresses>("alias.example.com", RecordType::a), ElementsAre("192.0.2.1"));
  EXPECT_THAT(records<std::vector<Srv>>("_sip._tcp.alias.example.com", RecordType::srv), SizeIs(2));
}

TEST_F(DnsResolver, WhatIsNotThereIsNoFailure) {
  use_nsd();
  EXPECT_THAT(records<Addresses>("nobody.example.com", RecordType::a), IsEmpty());      // NXDOMAIN
  EXPECT_THAT(records<Addresses>("server2.example.com", RecordType::aaaa), IsEmpty());  // no such records
  EXPECT_THAT(records<std::vector<Srv>>("_sip._sctp.example.com", RecordType::srv), IsEmpty());
  EXPECT_THAT(records<std::vector<Naptr>>("server1.example.com", RecordType::naptr), IsEmpty());
  EXPECT_EQ(resolver->counters().failed, 0U);
}

TEST_F(DnsResolver, AsksByTcpForWhatIsTooLongForADatagram) {
  use_nsd();
  const auto found = records<std::vector<Srv>>("_sip._tcp.big.example.com", RecordType::srv);
  EXPECT_THAT(found, SizeIs(k_max_records));
  static_assert(test::k_big_records > k_max_records);
}

TEST_F(DnsResolver, AnswersThatAreCutShortAreNotTaken) {
  // Truncated over UDP, and nobody there by TCP.
  OddServer server([](std::string question) {
    question[2] = static_cast<char>(0x82);  // a response, TC
    return std::optional(question);
  });
  use(quick(server.address()));
  const auto answer = ask("example.com", RecordType::a);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::refused);
}

TEST_F(DnsResolver, RefusalsAreFailures) {
  use_nsd();
  const auto answer = ask("example.net", RecordType::a);  // NSD refuses what is not its
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::refused);
  for (const char code : {'\2', '\4', '\5'}) {  // SERVFAIL, NOTIMP, REFUSED
    OddServer server([code](std::string question) {
      question[2] = static_cast<char>(0x80);
      question[3] = code;
      return std::optional(question);
    });
    resolver->stop();
    use(quick(server.address()));
    const auto refused = ask("example.com", RecordType::srv);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().problem, Problem::refused) << refused.error().reason;
  }
}

TEST_F(DnsResolver, ServersThatAreNotThereAreFailures) {
  std::string address;
  {
    const OddServer gone;
    address = gone.address();
  }
  use(quick(address));
  const auto answer = ask("example.com", RecordType::a);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::refused) << answer.error().reason;
}

TEST_F(DnsResolver, ASilentServerCostsTimeOnly) {
  const OddServer silent;
  use(quick(silent.address() + "," + Nsd::shared().address()));
  EXPECT_THAT(records<Addresses>("server1.example.com", RecordType::a), ElementsAre("192.0.2.1"));
  EXPECT_GE(silent.questions(), 1);
}

TEST_F(DnsResolver, GivesUpWhenAllAreSilent) {
  const OddServer silent;
  use(quick(silent.address()));
  const auto answer = ask("example.com", RecordType::naptr);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::no_answer);
  EXPECT_EQ(silent.questions(), 2);
}

TEST_F(DnsResolver, IsAsPatientAsItIsTold) {
  const OddServer silent;
  auto settings = quick(silent.address());
  settings.try_time = Duration{60'000};
  settings.patience = Duration{300};
  use(settings);
  const auto answer = ask("example.com", RecordType::a);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::no_answer);
  EXPECT_EQ(resolver->tables().front().size, 0U);
}

TEST_F(DnsResolver, NonsenseIsNoAnswer) {
  OddServer server([](const std::string& question) {
    // The question again, and an answer that ends in the middle of its name.
    auto reply = question.substr(0, 12 + 17);
    reply[2] = static_cast<char>(0x80);
    reply[7] = 1;   // answers
    reply[11] = 0;  // additional records
    return std::optional(reply + "\7exam");
  });
  use(quick(server.address()));
  const auto answer = ask("example.com", RecordType::a);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::bad_answer) << answer.error().reason;
}

TEST_F(DnsResolver, WhatIsNoNameIsNotAskedFor) {
  const OddServer silent;
  use(quick(silent.address()));
  for (const auto& name : {std::string(64, 'a') + ".com", std::string("a..b")}) {
    const auto answer = ask(name, RecordType::a);
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().problem, Problem::bad_name) << answer.error().reason;
  }
  EXPECT_EQ(silent.questions(), 0);
}

TEST_F(DnsResolver, AnswersAreKeptForTheirLifetime) {
  use_nsd();
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(records<std::vector<Srv>>("_sip._tcp.example.com", RecordType::srv), SizeIs(2));
    EXPECT_THAT(records<Addresses>("nobody.example.com", RecordType::a), IsEmpty());
  }
  EXPECT_EQ(resolver->counters().asked, 2U);
  EXPECT_EQ(resolver->counters().from_cache, 4U);
  // A TTL of zero: not at all.
  for (int i = 0; i < 3; ++i)
    EXPECT_THAT(records<Addresses>("fleeting.example.com", RecordType::a), ElementsAre("192.0.2.9"));
  EXPECT_EQ(resolver->counters().asked, 5U);
}

TEST_F(DnsResolver, OneQuestionIsAskedOnce) {
  const OddServer silent;
  use(quick(silent.address()));
  std::vector<std::future<Answer>> futures;
  for (int i = 0; i < 5; ++i) futures.push_back(begin("example.com", RecordType::a));
  for (auto& future : futures) {
    ASSERT_EQ(future.wait_for(k_patience), std::future_status::ready);
    EXPECT_FALSE(future.get().ok());
  }
  EXPECT_EQ(resolver->counters().asked, 1U);
  EXPECT_EQ(resolver->counters().joined, 4U);
}

TEST_F(DnsResolver, TakesNoMoreThanItsBound) {
  const OddServer silent;
  auto settings = quick(silent.address());
  settings.max_queries = 3;
  settings.patience = Duration{200};
  settings.try_time = Duration{60'000};
  use(settings);
  std::vector<std::future<Answer>> futures;
  for (int i = 0; i < 3; ++i) futures.push_back(begin("n" + std::to_string(i) + ".example", RecordType::a));
  EXPECT_FALSE(resolver->query("n4.example", RecordType::a, [](const Answer&) { FAIL(); }).ok());
  EXPECT_EQ(resolver->counters().refused_full, 1U);
  for (auto& future : futures) ASSERT_EQ(future.wait_for(k_patience), std::future_status::ready);
  // Nobody waits any more, but the servers are still being asked.
  const auto answer = ask("n5.example", RecordType::a);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().problem, Problem::no_answer);
  EXPECT_EQ(resolver->counters().asked, 3U);
  for (const auto& table : resolver->tables()) EXPECT_LE(table.size, table.bound) << table.name;
}

TEST_F(DnsResolver, CancelledQuestionsAreNotTold) {
  const OddServer silent;
  auto settings = quick(silent.address());
  settings.patience = Duration{300};
  use(settings);
  const auto query = resolver->query("example.com", RecordType::a, [](const Answer&) { ADD_FAILURE(); });
  ASSERT_TRUE(query.ok());
  resolver->cancel(*query);
  EXPECT_FALSE(ask("example.net", RecordType::a).ok());  // later than the first would have been
  EXPECT_EQ(resolver->tables().front().size, 0U);
}

TEST_F(DnsResolver, NothingIsToldAfterStop) {
  const OddServer silent;
  use(quick(silent.address()));
  for (int i = 0; i < 50; ++i) {
    const auto name = "n" + std::to_string(i) + ".example";
    EXPECT_TRUE(resolver->query(name, RecordType::a, [](const Answer&) { ADD_FAILURE(); }).ok());
  }
  resolver->stop();
  EXPECT_EQ(resolver->tables().front().size, 0U);
  EXPECT_FALSE(resolver->query("example.com", RecordType::a, [](const Answer&) { ADD_FAILURE(); }).ok());
  resolver->stop();
}

// Handlers that wait for a silent server and for the end of patience have run when stop() returns: in a
// strand that nobody runs any more they would hold on to the resolver, and it to the strand.
TEST(DnsResolverEnd, NobodyHoldsOnToItOnceItIsStopped) {
  const OddServer silent;
  for (int round = 0; round < 20; ++round) {  // it is a race between two threads
    IoPool pool{2};
    auto resolver = Resolver::start(pool, quick(silent.address()));
    ASSERT_TRUE(resolver.ok());
    for (const std::string name : {"a.example", "b.example"})
      EXPECT_TRUE((*resolver)->query(name, RecordType::a, [](const Answer&) { ADD_FAILURE(); }).ok());
    const std::weak_ptr<Resolver> weak = *resolver;
    (*resolver)->stop();
    resolver->reset();
    pool.stop();
    EXPECT_TRUE(weak.expired());
  }
}

TEST_F(DnsResolver, ManyQuestionsAtOnce) {
  use_nsd();
  std::vector<std::future<Answer>> futures;
  for (int i = 0; i < 200; ++i) {
    futures.push_back(begin("_sip._tcp.big.example.com", RecordType::srv));
    futures.push_back(begin("n" + std::to_string(i) + ".example.com", RecordType::a));
  }
  for (auto& future : futures) {
    ASSERT_EQ(future.wait_for(k_patience), std::future_status::ready);
    EXPECT_TRUE(future.get().ok());
  }
}

TEST(DnsServers, ThatAreNoneAreRefused) {
  IoPool pool;
  Settings settings;
  settings.servers = "nonsense";
  EXPECT_FALSE(Resolver::start(pool, settings).ok());
  settings.servers.clear();  // those of the system
  const auto resolver = Resolver::start(pool, settings);
  ASSERT_TRUE(resolver.ok());
  (*resolver)->stop();
}

}  // namespace
}  // namespace ringway::net::dns
