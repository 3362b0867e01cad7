#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sim/witness.hpp"

namespace ringway::sim {
namespace {

using NetworkTest = WitnessedNetwork;

TEST_F(NetworkTest, ALinkAppearsAtBothEndsWithTheOthersCertificate) {
  link_up();
  EXPECT_EQ(peers[0]->ups[0].attempt, 1U);
  EXPECT_EQ(peers[1]->ups[0].attempt, 0U);
  EXPECT_TRUE(peers[0]->ups[0].certificate->has_node_id(witness_node(1)));
  EXPECT_TRUE(peers[1]->ups[0].certificate->has_node_id(witness_node(0)));
  EXPECT_EQ(peers[0]->ups[0].remote, peers[1]->address());
  EXPECT_FALSE(peers[1]->ups[0].remote == peers[0]->address()) << "an accepted link shows another port";
}

TEST_F(NetworkTest, AWrongNodeIsRefused) {
  open(0, 1, witness_node(2));
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
  struct Run : WitnessedNetwork {
    explicit Run(std::uint64_t s) : WitnessedNetwork(s) {}
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
