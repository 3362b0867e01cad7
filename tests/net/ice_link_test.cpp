// Links on paths of ICE: without sockets, what one end sends the test gives to the other; then with agents on
// the loopback interface.
#include "net/dtls/ice_link.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <deque>
#include <utility>
#include <vector>

#include "tests/net/link_test_support.hpp"

namespace ringway::net::dtls {
namespace {

constexpr std::uint64_t k_attempt = 7;
constexpr std::chrono::seconds k_patience{20};

class FakeAgent : public ice::Agent {
 public:
  void set_remote(ice::Description remote) override { remotes.push_back(std::move(remote)); }
  void send(BytesView datagram) override { sent.push_back(copy_of(datagram)); }
  void close() override { closed = true; }

  std::vector<ice::Description> remotes;
  std::deque<Bytes> sent;
  bool closed = false;
};
class FakeAgents : public ice::Agents {
 public:
  Result<std::shared_ptr<ice::Agent>> gather(ice::Gathering what,
                                             std::weak_ptr<ice::AgentEvents> events) override {
    if (refuses) return Failure{"as many ICE agents as allowed"};
    asked.push_back(std::move(what));
    listener = std::move(events);
    return std::shared_ptr<ice::Agent>(agent);
  }
  Counters counters() const override { return {}; }
  void stop() override {}

  std::shared_ptr<FakeAgent> agent = std::make_shared<FakeAgent>();
  std::vector<ice::Gathering> asked;
  std::weak_ptr<ice::AgentEvents> listener;
  bool refuses = false;
};

// The end that has sent the Attach, or the one that answers it.
struct End {
  std::shared_ptr<test::Recorder> events = std::make_shared<test::Recorder>();
  std::shared_ptr<LinkHub> hub;
  std::shared_ptr<IceLink> link;
  std::optional<ice::Description> local;
  std::vector<std::pair<std::string, bool>> ends;
};

class IceLinks : public testing::Test {
 protected:
  IceLinks() {
    make_hub(asker_, asker_node_);
    make_hub(answerer_, answerer_node_);
  }
  ~IceLinks() override {
    for (End* const end : {&asker_, &answerer_})
      if (end->link) end->link->stop();
    run();
  }
  void make_hub(End& end, const NodeId& node) {
    auto credentials = authority_.credentials("user@overlay.example.org", node);
    HandshakeMeans means{};
    means.dtls = make_dtls_context(credentials.private_key_pem, credentials.certificate_pem).value();
    end.hub = std::make_shared<LinkHub>(LinkSettings{}, means, authority_.trust(), end.events);
  }
  void gather(End& end, const std::shared_ptr<ice::Agents>& agents, ice::Role role) {
    IceLink::Owner owner;
    owner.gathered = [&end](ice::Description local) { end.local = std::move(local); };
    owner.ended = [&end](const std::string& reason, bool was_up) { end.ends.emplace_back(reason, was_up); };
    end.link = std::make_shared<IceLink>(end.hub, strand_, std::move(owner));
    ice::Gathering what;
    what.role = role;
    what.local_addresses = {test::loopback()};
    end.link->gather(agents, std::move(what));
    run();
  }
  void run() {
    context_.restart();
    context_.poll();
  }
  bool run_until(const std::function<bool()>& enough) {
    const auto until = std::chrono::steady_clock::now() + k_patience;
    while (!enough() && std::chrono::steady_clock::now() < until) {
      context_.restart();
      context_.run_for(std::chrono::milliseconds{2});
    }
    return enough();
  }
  bool both_up() const { return asker_.events->seen().ups.size() + answerer_.events->seen().ups.size() == 2; }
  void tell(const NodeId& expected_by_asker, const NodeId& expected_by_answerer) {
    answerer_.link->connect({answerer_told_.value_or(asker_.local.value_or(ice::Description{})),
                             expected_by_answerer, k_attempt});
    asker_.link->connect({answerer_.local.value_or(ice::Description{}), expected_by_asker});
    run();
  }

  ringway::test::TestAuthority authority_;
  const NodeId asker_node_ = ringway::test::node_id(0x0a), answerer_node_ = ringway::test::node_id(0x0b);
  boost::asio::io_context context_;
  Strand strand_ = boost::asio::make_strand(context_);
  End asker_, answerer_;
  std::optional<ice::Description> answerer_told_;  // of the asker, if it is not the truth
};

class OnNoSockets : public IceLinks {
 protected:
  OnNoSockets() {
    gather(asker_, asking_, ice::Role::controlling);
    gather(answerer_, answering_, ice::Role::controlled);
  }
  void find_path(const std::shared_ptr<IceLink>& link, std::uint16_t port) {
    ice::SelectedPair pair;
    pair.remote_address = test::loopback(port);
    link->connected(pair);
    run();
  }
  void carry() {
    for (auto& datagram : std::exchange(answering_->agent->sent, {})) asker_.link->received(datagram);
    run();
    for (auto& datagram : std::exchange(asking_->agent->sent, {})) answerer_.link->received(datagram);
    run();
  }
  bool carry_until(const std::function<bool()>& enough) {
    for (int flights = 0; flights < 20 && !enough(); ++flights) carry();
    return enough();
  }
  std::shared_ptr<FakeAgents> asking_ = std::make_shared<FakeAgents>(),
                              answering_ = std::make_shared<FakeAgents>();
};

TEST_F(OnNoSockets, WhoHasSentTheAttachIsTheServerOfTls) {
  // Shows: ICE-03.
  ASSERT_EQ(asking_->asked.size(), 1U);
  EXPECT_EQ(asking_->asked[0].role, ice::Role::controlling);
  tell(answerer_node_, asker_node_);
  find_path(asker_.link, 4000);
  EXPECT_TRUE(asking_->agent->sent.empty()) << "a server waits";
  find_path(answerer_.link, 5000);
  EXPECT_FALSE(answering_->agent->sent.empty()) << "a client begins";
  ASSERT_TRUE(carry_until([this] { return both_up(); }));
  const auto server = asker_.events->seen().ups.front(), client = answerer_.events->seen().ups.front();
  EXPECT_EQ(server.attempt, 0U) << "as a link that was accepted";
  EXPECT_EQ(client.attempt, k_attempt);
  EXPECT_TRUE(server.certificate->has_node_id(answerer_node_));
  EXPECT_TRUE(client.certificate->has_node_id(asker_node_));
  EXPECT_EQ(server.remote, test::loopback(4000));
  EXPECT_EQ(asker_.hub->handshake_slots.taken() + answerer_.hub->handshake_slots.taken(), 0U);
  EXPECT_EQ(asker_.hub->link_slots.taken(), 1U);
  EXPECT_EQ(answerer_.hub->link_slots.taken(), 1U);
}

TEST_F(OnNoSockets, RecordsThatComeBeforeIceIsDoneAreNotLost) {
  // Shows: ICE-17.
  tell(answerer_node_, asker_node_);
  find_path(answerer_.link, 5000);
  carry();  // the hello, for which there will be no other: no time passes here
  EXPECT_TRUE(asking_->agent->sent.empty());
  find_path(asker_.link, 4000);
  EXPECT_FALSE(asking_->agent->sent.empty());
  EXPECT_TRUE(carry_until([this] { return both_up(); }));
}

TEST_F(OnNoSockets, SoManyOfThemAreKept) {
  tell(answerer_node_, asker_node_);
  for (int i = 0; i < 16; ++i) asker_.link->received(Bytes{23});
  run();
  find_path(answerer_.link, 5000);
  carry();
  find_path(asker_.link, 4000);
  EXPECT_TRUE(asking_->agent->sent.empty()) << "there was no room for the hello";
}

TEST_F(OnNoSockets, MessagesGoBothWaysAndItsEndIsTold) {
  tell(answerer_node_, asker_node_);
  find_path(asker_.link, 4000);
  find_path(answerer_.link, 5000);
  ASSERT_TRUE(carry_until([this] { return both_up(); }));
  for (End* const end : {&asker_, &answerer_}) {
    const auto link = end->hub->find_link(end->events->seen().ups.front().link);
    ASSERT_TRUE(link);
    link->transmit(copy_of(view_of("head-")), SharedBytes(copy_of(view_of("payload"))));
  }
  run();
  EXPECT_TRUE(carry_until([this] {
    return asker_.events->seen().messages.size() == 1 && answerer_.events->seen().messages.size() == 1;
  }));
  EXPECT_EQ(text_of(asker_.events->seen().messages.at(0).second), "head-payload");

  answering_->listener.lock()->failed("the path is gone");
  run();
  ASSERT_EQ(answerer_.events->seen().downs.size(), 1U);
  EXPECT_EQ(answerer_.events->seen().downs[0].reason, "the path is gone");
  EXPECT_EQ(answerer_.ends, (std::vector<std::pair<std::string, bool>>{{"the path is gone", true}}));
  EXPECT_TRUE(answering_->agent->closed);
  carry();
  EXPECT_EQ(asker_.events->seen().downs.size(), 1U) << "it has said goodbye";
  EXPECT_EQ(asker_.ends.size(), 1U);
  EXPECT_TRUE(asking_->agent->closed);
  EXPECT_EQ(asker_.hub->link_slots.taken() + answerer_.hub->link_slots.taken(), 0U);
}

TEST_F(OnNoSockets, AnotherNodeThanTheOneThatWasAttachedToIsRefused) {
  tell(ringway::test::node_id(0x0c), asker_node_);
  find_path(asker_.link, 4000);
  find_path(answerer_.link, 5000);
  carry_until([this] { return !asker_.ends.empty(); });
  ASSERT_EQ(asker_.ends.size(), 1U);
  EXPECT_NE(asker_.ends[0].first.find("another node than the expected"), std::string::npos)
      << asker_.ends[0].first;
  EXPECT_FALSE(asker_.ends[0].second);
  EXPECT_TRUE(asker_.events->seen().ups.empty());
}

TEST_F(OnNoSockets, WhatFailsEarlierIsTold) {
  asking_->listener.lock()->failed("no candidates");
  run();
  EXPECT_EQ(asker_.ends, (std::vector<std::pair<std::string, bool>>{{"no candidates", false}}));
  answerer_.link->drop("withdrawn");
  run();
  EXPECT_EQ(answerer_.ends, (std::vector<std::pair<std::string, bool>>{{"withdrawn", false}}));
  EXPECT_TRUE(answering_->agent->closed);
  find_path(answerer_.link, 5000);
  EXPECT_TRUE(answering_->agent->sent.empty());
  asking_->refuses = true;
  gather(asker_, asking_, ice::Role::controlling);
  EXPECT_EQ(asker_.ends.back().first, "as many ICE agents as allowed");
}

class OnLoopback : public IceLinks {
 protected:
  ~OnLoopback() override { agents_->stop(); }
  bool gather_both() {
    gather(asker_, agents_, ice::Role::controlling);
    gather(answerer_, agents_, ice::Role::controlled);
    return run_until([this] { return asker_.local && answerer_.local; });
  }
  std::shared_ptr<ice::Agents> agents_ = ice::Agents::start();
};

TEST_F(OnLoopback, ALinkComesUpAndCarriesMessages) {
  // Shows: LINK-01, ICE-03.
  ASSERT_TRUE(gather_both());
  tell(answerer_node_, asker_node_);
  ASSERT_TRUE(run_until([this] { return both_up(); }));
  const auto link = asker_.hub->find_link(asker_.events->seen().ups.front().link);
  ASSERT_TRUE(link);
  const Bytes message(4000, 0x5a);  // of several frames
  link->transmit(copy_of(view_of("head-")), SharedBytes(message));
  EXPECT_TRUE(run_until([this] { return answerer_.events->seen().messages.size() == 1; }));
  EXPECT_EQ(answerer_.events->seen().messages.at(0).second.size(), message.size() + 5);
  link->close("enough");
  EXPECT_TRUE(run_until([this] { return !answerer_.ends.empty() && !asker_.ends.empty(); }));
}

TEST_F(OnLoopback, NoLinkComesOfAForgedPassword) {
  agents_->stop();
  ice::AgentLimits limits;
  limits.connecting = Duration{500};
  agents_ = ice::Agents::start(limits);
  ASSERT_TRUE(gather_both());
  answerer_told_ = asker_.local;
  answerer_told_->password = ice::SecretText("another0password0of0them");
  tell(answerer_node_, asker_node_);
  ASSERT_TRUE(run_until([this] { return !answerer_.ends.empty(); }));
  EXPECT_FALSE(answerer_.ends[0].second);
  EXPECT_TRUE(asker_.events->seen().ups.empty());
  EXPECT_TRUE(answerer_.events->seen().ups.empty());
}

}  // namespace
}  // namespace ringway::net::dtls
