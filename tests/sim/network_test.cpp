#include "sim/network.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/authority.hpp"

namespace ringway::sim {
namespace {

NodeId node(std::uint8_t last) {
  NodeId id;
  id.bytes[0] = 0x10;
  id.bytes[15] = last;
  return id;
}

// A peer that only writes down what happens to it.
class Witness : public Endpoint {
 public:
  Witness(PeerNumber number, security::CertificatePtr certificate)
      : number_(number), certificate_(std::move(certificate)) {
    address_.type = wire::AddressType::ipv4;
    address_.address = {10, 0, 0, static_cast<std::uint8_t>(number)};
    address_.port = 6084;
  }
  PeerNumber number() const override { return number_; }
  const wire::IpAddressPort& address() const override { return address_; }
  const security::CertificatePtr& certificate() const override { return certificate_; }
  bool trusts(const security::Certificate&) const override { return true; }
  void link_event(routing::Input event) override {
    if (const auto* up = std::get_if<routing::LinkUp>(&event)) ups.push_back(*up);
    if (const auto* down = std::get_if<routing::LinkDown>(&event)) downs.push_back(*down);
    if (const auto* suspected = std::get_if<routing::LinkSuspected>(&event))
      suspicions.push_back(suspected->suspected);
    if (const auto* message = std::get_if<routing::LinkMessage>(&event))
      texts.emplace_back(text_of(message->bytes));
  }

  std::vector<routing::LinkUp> ups;
  std::vector<routing::LinkDown> downs;
  std::vector<bool> suspicions;
  std::vector<std::string> texts;

 private:
  PeerNumber number_;
  security::CertificatePtr certificate_;
  wire::IpAddressPort address_;
};

struct NetworkTest : testing::Test {
  explicit NetworkTest(std::uint64_t seed = 7) : network(clock, trace, {}, seed) {
    for (std::uint8_t i = 0; i < 3; ++i) {
      peers.push_back(std::make_shared<Witness>(i, certificate(i)));
      network.attach(peers.back());
    }
  }
  // Keys take time to make: one set for all tests.
  static security::CertificatePtr certificate(std::uint8_t number) {
    static const Authority authority("overlay.example.org", 1'800'000'000'000);
    static std::map<std::uint8_t, security::CertificatePtr> made;
    auto& certificate = made[number];
    if (!certificate) certificate = authority.issue("u@example.org", node(number)).signer()->certificate();
    return certificate;
  }

  void run_for(std::int64_t us) {
    const std::int64_t end = clock.now_us() + us;
    while (clock.run_next(end)) {
    }
  }
  void open(PeerNumber from, PeerNumber to, std::optional<NodeId> expected = std::nullopt) {
    network.open(from, {.attempt = ++attempts, .addresses = {peers[to]->address()}, .expected = expected});
  }
  // A link from 0 to 1.
  void link_up() {
    open(0, 1, node(1));
    run_for(100'000);
    ASSERT_EQ(peers[0]->ups.size(), 1U);
    ASSERT_EQ(peers[1]->ups.size(), 1U);
  }
  void send(PeerNumber from, const std::string& text) {
    network.transmit(from, {peers[from]->ups.back().link, copy_of(view_of(text)), {}});
  }

  VirtualClock clock{1'800'000'000'000};
  Trace trace;
  Network network;
  std::vector<std::shared_ptr<Witness>> peers;
  std::uint64_t attempts = 0;
};

TEST_F(NetworkTest, ALinkAppearsAtBothEndsWithTheOthersCertificate) {
  link_up();
  EXPECT_EQ(peers[0]->ups[0].attempt, 1U);
  EXPECT_EQ(peers[1]->ups[0].attempt, 0U);
  EXPECT_TRUE(peers[0]->ups[0].certificate->has_node_id(node(1)));
  EXPECT_TRUE(peers[1]->ups[0].certificate->has_node_id(node(0)));
  EXPECT_EQ(peers[0]->ups[0].remote, peers[1]->address());
  EXPECT_FALSE(peers[1]->ups[0].remote == peers[0]->address()) << "an accepted link shows another port";
}

TEST_F(NetworkTest, AWrongNodeIsRefused) {
  open(0, 1, node(2));
  run_for(100'000);
  ASSERT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(peers[0]->downs[0].attempt, 1U);
  EXPECT_EQ(peers[0]->downs[0].link.number, 0U);
  EXPECT_TRUE(peers[1]->ups.empty());
}

TEST_F(NetworkTest, TheNextAddressIsTried) {
  wire::IpAddressPort nobody = peers[1]->address();
  nobody.port = 1;
  network.open(0, {.attempt = 5, .addresses = {nobody, peers[1]->address()}, .expected = {}});
  run_for(100'000);
  EXPECT_EQ(peers[0]->ups.size(), 1U);
  network.open(0, {.attempt = 6, .addresses = {nobody}, .expected = {}});
  run_for(100'000);
  ASSERT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(peers[0]->downs[0].attempt, 6U);
}

TEST_F(NetworkTest, MessagesKeepTheirOrderWhateverTheDelay) {
  link_up();
  network.settings().packet_loss = 0.3;
  std::vector<std::string> sent;
  for (int i = 0; i < 100; ++i) {
    sent.push_back("message " + std::to_string(i));
    send(0, sent.back());
  }
  run_for(10'000'000);
  EXPECT_EQ(peers[1]->texts, sent);
}

TEST_F(NetworkTest, TheUnreliableModeDropsWholeMessages) {
  link_up();
  network.settings().message_drop = 0.5;
  for (int i = 0; i < 100; ++i) send(0, "x");
  run_for(1'000'000);
  EXPECT_GT(peers[1]->texts.size(), 20U);
  EXPECT_LT(peers[1]->texts.size(), 80U);
}

TEST_F(NetworkTest, CloseArrivesBehindWhatWasSent) {
  link_up();
  send(0, "last words");
  network.close(0, {peers[0]->ups[0].link, "done"});
  run_for(100'000);
  EXPECT_EQ(peers[1]->texts, std::vector<std::string>{"last words"});
  EXPECT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(peers[1]->downs.size(), 1U);
  EXPECT_EQ(network.links_up(), 0U);
}

TEST_F(NetworkTest, AKilledPeersLinksAreReset) {
  link_up();
  network.detach(1, Death::reset);
  run_for(100'000);
  ASSERT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_TRUE(peers[1]->downs.empty()) << "the dead hear nothing";
  EXPECT_EQ(network.links_up(), 0U);
  open(0, 1);
  run_for(100'000);
  EXPECT_EQ(peers[0]->downs.size(), 2U) << "refused at once";
}

TEST_F(NetworkTest, ASilentDeathIsSuspectedThenGivenUp) {
  link_up();
  network.detach(1, Death::silent);
  send(0, "are you there?");
  run_for(network.settings().traffic_notice_us + 1000);
  EXPECT_EQ(peers[0]->suspicions, std::vector<bool>{true});
  EXPECT_TRUE(peers[0]->downs.empty());
  run_for(network.settings().give_up_us);
  ASSERT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(network.links_up(), 0U);
}

TEST_F(NetworkTest, AnIdleLinkNoticesASilentDeathToo) {
  link_up();
  network.detach(1, Death::silent);
  run_for(network.settings().idle_notice_us + network.settings().give_up_us + 1000);
  EXPECT_EQ(peers[0]->suspicions, std::vector<bool>{true});
  EXPECT_EQ(peers[0]->downs.size(), 1U);
}

TEST_F(NetworkTest, APeerThatComesBackResetsItsOldLinks) {
  link_up();
  network.detach(1, Death::silent);
  run_for(2'000'000);
  network.attach(peers[1]);
  run_for(100'000);
  EXPECT_EQ(peers[0]->downs.size(), 1U);
  open(0, 1);
  run_for(100'000);
  EXPECT_EQ(peers[0]->ups.size(), 2U);
}

TEST_F(NetworkTest, WhatWasSentDuringAShortPartitionArrivesAfterIt) {
  link_up();
  network.partition({{1, 1}});
  send(0, "one");
  send(0, "two");
  run_for(3'000'000);
  EXPECT_TRUE(peers[1]->texts.empty());
  EXPECT_EQ(peers[0]->suspicions, std::vector<bool>{true});
  network.heal();
  run_for(100'000);
  EXPECT_EQ(peers[1]->texts, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(peers[0]->suspicions, (std::vector<bool>{true, false}));
  run_for(60'000'000);
  EXPECT_TRUE(peers[0]->downs.empty());
}

TEST_F(NetworkTest, ALongPartitionEndsTheLinksAndConnectingTimesOut) {
  link_up();
  network.partition({{1, 1}});
  run_for(60'000'000);
  EXPECT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(peers[1]->downs.size(), 1U);
  open(0, 1);
  run_for(network.settings().connect_timeout_us - 1);
  EXPECT_EQ(peers[0]->downs.size(), 1U);
  run_for(100'000);
  EXPECT_EQ(peers[0]->downs.size(), 2U);
  network.heal();
  open(0, 1);
  run_for(100'000);
  EXPECT_EQ(peers[0]->ups.size(), 2U);
}

TEST_F(NetworkTest, AFailingLinkGoesDownAtBothEnds) {
  link_up();
  network.settings().link_failure = 1;
  send(0, "x");
  run_for(100'000);
  EXPECT_EQ(peers[0]->downs.size(), 1U);
  EXPECT_EQ(peers[1]->downs.size(), 1U);
  EXPECT_TRUE(peers[1]->texts.empty());
}

// The same story for each seed; what it looks like from outside.
std::uint64_t story(std::uint64_t seed) {
  struct Run : NetworkTest {
    explicit Run(std::uint64_t s) : NetworkTest(s) {}
    void TestBody() override {}
  };
  Run run(seed);
  run.network.settings().packet_loss = 0.1;
  for (PeerNumber to : {1U, 2U}) run.open(0, to);
  run.open(1, 2);
  run.run_for(10'000'000);
  for (int i = 0; i < 50; ++i)
    for (PeerNumber from : {0U, 1U, 2U}) run.send(from, "hello");
  run.network.detach(2, Death::silent);
  run.run_for(100'000'000);
  return run.trace.hash();
}

TEST(NetworkDeterminism, TheSameSeedTellsTheSameStory) {
  EXPECT_EQ(story(1), story(1));
  EXPECT_NE(story(1), story(2));
}

}  // namespace
}  // namespace ringway::sim
