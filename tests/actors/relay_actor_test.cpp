// The relay actor between sockets that write down what they are told, with a client that speaks TURN.
#include "actors/relay_actor.hpp"

#include <gtest/gtest.h>
#include <caf/event_based_actor.hpp>
#include <deque>

#include "actors/driver.hpp"
#include "reload/stun/long_term.hpp"
#include "reload/stun/message.hpp"
#include "sim/seeded_random.hpp"
#include "tests/actors/actor_world.hpp"

namespace ringway::actors {
namespace {

using stun::Attribute;
using stun::Class;
using stun::ErrorCode;
using stun::Method;

struct RecordingSockets : RelaySockets {
  void start() override { ++starts; }
  void stop() override { ++stops; }
  void perform(relay::Output output) override { performed.push_back(std::move(output)); }
  void handled(const relay::ClientPath&, std::size_t messages) override { handled_messages += messages; }
  RelayTraffic traffic() const override {
    RelayTraffic out;
    out.packets_to_peers = 5;
    return out;
  }
  std::vector<stun::IpAddress> own_addresses() const override { return {}; }
  std::vector<std::string> listening_on() const override { return {"udp:192.0.2.1:3478"}; }
  std::optional<wire::IpAddressPort> reached_at() const override { return std::nullopt; }

  int starts = 0, stops = 0;
  std::size_t handled_messages = 0;
  std::vector<relay::Output> performed;
};

struct RelayActorTest : testing::Test, ActorWorld {
  RelayActorTest() {
    RelaySetup setup;
    setup.name = "test";
    setup.control.realm = "example.org";
    setup.control.has_ipv4 = true;
    setup.users.users = {{"alice", "secret"}};
    setup.foundation.bridge = bridge;
    setup.foundation.sockets = sockets;
    setup.clock = clock;
    setup.random = std::make_shared<sim::SeededRandom>(1);
    relay = system.spawn(drive<RelayDriver>, std::move(setup));
    caf::anon_send(relay, StartAtom::value);
    run();
  }
  ~RelayActorTest() override {
    end();
    let_go();
  }
  void end() {
    caf::anon_send_exit(relay, caf::exit_reason::kill);
    run();
  }

  // What the relay has told the sockets since the last time, of this kind.
  template <typename T>
  std::vector<T> take() {
    std::vector<T> out;
    for (const auto& each : sockets->performed)
      if (const auto* found = std::get_if<T>(&each)) out.push_back(*found);
    sockets->performed.clear();
    return out;
  }
  static Bytes request(Method method, std::uint8_t number, const std::string& nonce,
                       const std::string& password, std::optional<std::uint32_t> lifetime_s = {}) {
    stun::MessageWriter out(Class::request, method, stun::TransactionId{number});
    if (method == Method::allocate) out.add_number(Attribute::requested_transport, 17U << 24U);
    if (lifetime_s) out.add_number(Attribute::lifetime, *lifetime_s);
    if (nonce.empty()) return out.take();
    out.add(Attribute::username, std::string_view("alice"));
    out.add(Attribute::realm, std::string_view("example.org"));
    out.add(Attribute::nonce, nonce);
    out.add_integrity(stun::long_term_key(stun::PasswordAlgorithm::md5, "alice", "example.org", password));
    return out.take();
  }
  // The relay's answer; what else it says stays to be taken.
  std::optional<stun::Message> answer() {
    std::optional<stun::Message> out;
    std::erase_if(sockets->performed, [&](const relay::Output& each) {
      const auto* send = std::get_if<relay::SendToClient>(&each);
      if (send != nullptr) out = stun::Message::read(answers.emplace_back(send->message)).value();
      return send != nullptr;
    });
    return out;
  }
  std::optional<ErrorCode> send(const Bytes& octets, std::uint16_t port = 4000) {
    bridge->received(path(port), octets);
    run();
    const auto answered = answer();
    if (!answered) return std::nullopt;
    if (const auto given = answered->find(Attribute::nonce)) nonce = text_of(*given);
    return answered->error();
  }
  static relay::ClientPath path(std::uint16_t port = 4000) {
    return {relay::Transport::udp, 1, stun::address_of("198.51.100.1", port).value()};
  }
  // Up to where the sockets have to open something.
  relay::AllocationId ask_to_allocate(const std::string& password = "secret") {
    EXPECT_EQ(send(request(Method::allocate, ++transactions, "", "")), ErrorCode::unauthenticated);
    EXPECT_EQ(send(request(Method::allocate, ++transactions, nonce, password)), std::nullopt);
    const auto opens = take<relay::OpenRelayed>();
    EXPECT_EQ(opens.size(), 1U);
    return opens.empty() ? 0 : opens.front().allocation;
  }
  relay::AllocationId allocate() {
    const auto id = ask_to_allocate();
    bridge->opened(id, {stun::address_of("203.0.113.1", 50'000).value()});
    run();
    const auto answered = answer();
    EXPECT_TRUE(answered && answered->cls() == Class::success);
    return id;
  }
  std::optional<std::string> use(relay::Credentials::Given users) {
    auto secrets = std::make_shared<RelaySecrets>();
    secrets->users = std::move(users);
    std::optional<std::string> refusal = "no answer";
    caf::anon_send(relay,
                   RelaySecretsOrder{secrets, Answer<std::optional<std::string>>(
                                                  [&](auto answer) { refusal = std::move(answer); },
                                                  [] { return std::optional<std::string>("dropped"); })});
    run();
    return refusal;
  }
  std::shared_ptr<SetClock> clock = std::make_shared<SetClock>();
  std::shared_ptr<RelayBridge> bridge = std::make_shared<RelayBridge>();
  std::shared_ptr<RecordingSockets> sockets = std::make_shared<RecordingSockets>();
  RelayActor relay;
  std::string nonce;
  std::uint8_t transactions = 0;
  std::deque<Bytes> answers;  // messages are views of them
};

TEST_F(RelayActorTest, CarriesRequestsAndAnswers) {
  EXPECT_EQ(sockets->starts, 1);
  const auto id = allocate();
  EXPECT_EQ(sockets->handled_messages, 2U);
  EXPECT_NE(id, 0U);
}

TEST_F(RelayActorTest, WhatCannotBeOpenedIsRefusedAndClosed) {
  const auto id = ask_to_allocate();
  bridge->failed(id);
  run();
  const auto answered = answer();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->error(), ErrorCode::insufficient_capacity);
  EXPECT_EQ(take<relay::CloseRelayed>().size(), 1U);
}

TEST_F(RelayActorTest, AnAllocationThatNobodyRefreshesEnds) {
  const auto id = allocate();
  clock->at.mono = clock->at.mono + relay::k_default_lifetime;
  advance(relay::k_default_lifetime + Duration{1});
  const auto closed = take<relay::CloseRelayed>();
  ASSERT_EQ(closed.size(), 1U);
  EXPECT_EQ(closed.front().allocation, id);
}

TEST_F(RelayActorTest, AStreamThatHasGoneTakesItsAllocationAlong) {
  allocate();
  bridge->gone(path());
  run();
  EXPECT_EQ(take<relay::CloseRelayed>().size(), 1U);
}

TEST_F(RelayActorTest, SecretsAreReplacedWhileItRuns) {
  allocate();
  ASSERT_EQ(use({{{"alice", "another"}}, {}}), std::nullopt);
  EXPECT_EQ(take<relay::CloseRelayed>().size(), 1U) << "allocated with the password before";
  EXPECT_EQ(send(request(Method::allocate, 100, "", ""), 4001), ErrorCode::unauthenticated);
  EXPECT_EQ(send(request(Method::allocate, 101, nonce, "secret"), 4001), ErrorCode::unauthenticated);
  EXPECT_EQ(send(request(Method::allocate, 102, nonce, "another"), 4001), std::nullopt);
  EXPECT_EQ(take<relay::OpenRelayed>().size(), 1U);
}

TEST_F(RelayActorTest, TooManySecretsChangeNothing) {
  EXPECT_NE(use({{}, std::vector<std::string>(relay::k_max_secrets + 1, "shared")}), std::nullopt);
  allocate();
  EXPECT_EQ(use({{}, std::vector<std::string>(relay::k_max_secrets, "shared")}), std::nullopt);
}

TEST_F(RelayActorTest, WhoDrainsTakesNothingNewAndWaitsForTheLast) {
  allocate();
  int drained = 0;
  system.spawn([&](caf::event_based_actor* actor) {
    actor->request(relay, caf::infinite, LeaveAtom::value).then([&](LeftAtom) { ++drained; });
  });
  run();
  EXPECT_EQ(drained, 0);
  EXPECT_EQ(send(request(Method::allocate, 100, "", ""), 4001), ErrorCode::unauthenticated);
  const auto nonce_of_another = nonce;
  EXPECT_EQ(send(request(Method::allocate, 101, nonce_of_another, "secret"), 4001),
            ErrorCode::insufficient_capacity);
  EXPECT_EQ(send(request(Method::refresh, 102, "", "")), ErrorCode::unauthenticated);
  EXPECT_EQ(send(request(Method::refresh, 103, nonce, "secret", 600)), std::nullopt);
  EXPECT_EQ(drained, 0) << "it may go on until then";
  EXPECT_EQ(send(request(Method::refresh, 104, nonce, "secret", 0)), std::nullopt);
  EXPECT_EQ(drained, 1);
  EXPECT_EQ(take<relay::CloseRelayed>().size(), 1U);
}

TEST_F(RelayActorTest, WhoHasNoAllocationIsDrainedAtOnce) {
  int drained = 0;
  system.spawn([&](caf::event_based_actor* actor) {
    actor->request(relay, caf::infinite, LeaveAtom::value).then([&](LeftAtom) { ++drained; });
  });
  run();
  EXPECT_EQ(drained, 1);
}

TEST_F(RelayActorTest, TellsHowItIs) {
  allocate();
  RelayReportPtr report;
  system.spawn([&](caf::event_based_actor* actor) {
    actor->request(relay, caf::infinite, StatusAtom::value).then([&](RelayReportPtr& got) { report = got; });
  });
  run();
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->listening_on, std::vector<std::string>{"udp:192.0.2.1:3478"});
  EXPECT_EQ(report->allocations, 1U);
  EXPECT_EQ(report->control.allocated, 1U);
  EXPECT_EQ(report->control.errors.at(ErrorCode::unauthenticated), 1U);
  EXPECT_EQ(report->traffic.packets_to_peers, 5U);
  EXPECT_FALSE(report->is_draining);
}

TEST_F(RelayActorTest, ItsSocketsEndWithIt) {
  end();
  EXPECT_EQ(sockets->stops, 1);
  bridge->received(path(), request(Method::allocate, 1, "", ""));
  EXPECT_TRUE(bridge->take().empty()) << "nobody is there to take it";
}

TEST(RelayBridgeTest, WakesOnceForAllThatWaits) {
  RelayBridge bridge;
  bridge.failed(1);
  int woken = 0;
  bridge.connect([&] { ++woken; });
  EXPECT_EQ(woken, 1) << "for what came before";
  bridge.failed(2);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(bridge.take().size(), 2U);
  bridge.failed(3);
  bridge.failed(4);
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace ringway::actors
