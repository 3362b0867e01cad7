// ICE agents on the loopback interface, two at a time, as the ends of an Attach have them.
#include "net/ice/agents.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "reload/stun/binding.hpp"
#include "tests/net/relay/relay_world.hpp"

namespace ringway::net::ice {
namespace {

using relay::test::loopback;
using relay::test::Udp;
using stun::to_wire;
using wire::CandidateType;

constexpr std::chrono::seconds k_patience{20};
constexpr Duration k_short{300};

wire::IpAddressPort at(const std::string& ip, std::uint16_t port = 0) {
  return to_wire(stun::address_of(ip, port).value());
}

class End : public AgentEvents {
 public:
  void gathered(Description local) override {
    change([&] { local_ = std::move(local); });
  }
  void connected(SelectedPair pair) override {
    change([&] { pair_ = pair; });
  }
  void received(BytesView datagram) override {
    change([&] { received_.emplace_back(text_of(datagram)); });
  }
  void failed(const std::string& reason) override {
    change([&] { reason_ = reason; });
  }

  bool wait(const std::function<bool(const End&)>& enough, std::chrono::milliseconds at_most = k_patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, at_most, [&] { return enough(*this); });
  }
  // Once it is there; an empty one when it has failed.
  Description local() {
    wait([](const End& end) { return end.local_ || !end.reason_.empty(); });
    const std::lock_guard lock(mutex_);
    return local_.value_or(Description{});
  }
  std::optional<SelectedPair> pair() {
    wait([](const End& end) { return end.pair_ || !end.reason_.empty(); });
    const std::lock_guard lock(mutex_);
    return pair_;
  }
  std::string reason() {
    wait([](const End& end) { return !end.reason_.empty(); });
    const std::lock_guard lock(mutex_);
    return reason_;
  }
  std::vector<std::string> received(std::size_t count) {
    wait([count](const End& end) { return end.received_.size() >= count; });
    const std::lock_guard lock(mutex_);
    return received_;
  }
  bool has_failed() {
    const std::lock_guard lock(mutex_);
    return !reason_.empty();
  }

  std::shared_ptr<Agent> agent;

 private:
  void change(const std::function<void()>& what) {
    const std::lock_guard lock(mutex_);
    what();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Description> local_;
  std::optional<SelectedPair> pair_;
  std::vector<std::string> received_;
  std::string reason_;
};

class IceAgents : public testing::Test {
 protected:
  ~IceAgents() override {
    if (agents_) agents_->stop();
  }
  void start(const AgentLimits& limits = {}) { agents_ = Agents::start(limits); }

  std::shared_ptr<End> gather(Role role, const std::function<void(Gathering&)>& change = {}) {
    Gathering what;
    what.role = role;
    what.local_addresses = {at(loopback(1))};
    if (change) change(what);
    auto end = std::make_shared<End>();
    auto agent = agents_->gather(std::move(what), end);
    refusal_ = agent ? "" : agent.error().reason;
    if (agent) end->agent = *std::move(agent);
    return end;
  }
  // As an Attach and its answer do.
  void gather_both(const std::function<void(Gathering&)>& change = {}) {
    asker_ = gather(Role::controlling, change);
    answerer_ = gather(Role::controlled, change);
  }
  void tell_both() {
    answerer_->agent->set_remote(asker_->local());
    asker_->agent->set_remote(answerer_->local());
  }
  void expect_path() {
    asker_->agent->send(view_of("question"));
    EXPECT_EQ(answerer_->received(1), std::vector<std::string>{"question"});
    answerer_->agent->send(view_of("answer"));
    EXPECT_EQ(asker_->received(1), std::vector<std::string>{"answer"});
  }

  std::shared_ptr<Agents> agents_;
  std::shared_ptr<End> asker_, answerer_;
  std::string refusal_;
};

std::vector<CandidateType> types_of(const Description& description) {
  std::vector<CandidateType> out;
  for (const auto& each : description.candidates) out.push_back(each.type);
  return out;
}

TEST_F(IceAgents, FindThePathAndCarryDatagramsBothWays) {
  // Shows: ICE-04, ICE-05, ICE-16, ICE-26.
  start();
  gather_both();
  const Description asker = asker_->local(), answerer = answerer_->local();
  ASSERT_EQ(types_of(asker), std::vector<CandidateType>{CandidateType::host}) << "no relay is known";
  const auto& candidate = asker.candidates.front();
  EXPECT_EQ(candidate.link, wire::OverlayLinkType::dtls_udp_sr);
  EXPECT_EQ(candidate.address.address, at(loopback(1)).address);
  EXPECT_FALSE(candidate.related_address);
  EXPECT_EQ(candidate.priority & 0xffU, 255U) << "256 - component 1 (RFC 8445 §5.1.2.1)";
  // 24 and 128 random bits, six in each character (RFC 8445 §5.3).
  EXPECT_GE(asker.ufrag.size(), 4U);
  EXPECT_GE(asker.password.text().size(), 22U);
  EXPECT_NE(asker.ufrag, answerer.ufrag);
  EXPECT_NE(asker.password, answerer.password);
  tell_both();
  const auto pair = asker_->pair();
  ASSERT_TRUE(pair) << asker_->reason();
  ASSERT_TRUE(answerer_->pair()) << answerer_->reason();
  EXPECT_EQ(pair->local_address, candidate.address);
  EXPECT_EQ(pair->remote_address, answerer.candidates.front().address);
  expect_path();
}

TEST_F(IceAgents, SpeakIpv6) {
  start();
  gather_both([](Gathering& what) { what.local_addresses = {at("::1")}; });
  tell_both();
  ASSERT_TRUE(asker_->pair()) << asker_->reason();
  ASSERT_TRUE(answerer_->pair()) << answerer_->reason();
  EXPECT_EQ(asker_->pair()->remote_address.type, wire::AddressType::ipv6);
  expect_path();
}

class OverARelay : public IceAgents, public testing::WithParamInterface<TurnServer::Over> {};

TEST_P(OverARelay, TheyReachEachOtherAndSayNothingOfWhereTheyAre) {
  // Shows: ICE-05, ICE-16, ICE-32.
  auto settings = relay::test::settings();
  settings.tcp = settings.udp;
  relay::test::Host relay(settings);
  const bool over_udp = GetParam() == TurnServer::Over::udp;
  start();
  gather_both([&](Gathering& what) {
    what.only_relayed = true;
    const auto where = over_udp ? relay.path->listening_udp().front() : relay.path->listening_tcp().front();
    what.turn_servers = {{to_wire(where), GetParam(), "alice", SecretText("secret")}};
  });
  for (const auto& end : {asker_, answerer_}) {
    const Description local = end->local();
    ASSERT_EQ(types_of(local), std::vector<CandidateType>{CandidateType::relayed}) << end->has_failed();
    ASSERT_TRUE(local.candidates.front().related_address);
    EXPECT_EQ(local.candidates.front().related_address->address, wire::IpAddressPort{}.address);
  }
  tell_both();
  const auto pair = asker_->pair();
  ASSERT_TRUE(pair) << asker_->reason();
  ASSERT_TRUE(answerer_->pair()) << answerer_->reason();
  EXPECT_EQ(pair->local, EndKind::relayed);
  EXPECT_EQ(pair->remote, EndKind::relayed);
  expect_path();
  EXPECT_EQ(agents_->counters().relayed, 2U);
  agents_->stop();
}
INSTANTIATE_TEST_SUITE_P(UdpAndTcp, OverARelay,
                         testing::Values(TurnServer::Over::udp, TurnServer::Over::tcp));

TEST_F(IceAgents, LearnFromAStunServerHowOthersSeeThem) {
  // Shows: ICE-05.
  start();
  Udp server;  // which says that there is a NAT before them
  const auto seen = stun::address_of("192.0.2.7", 5000).value();
  auto end = gather(Role::controlling, [&](Gathering& what) { what.stun_server = to_wire(server.address); });
  const auto answer = stun::answer_bare_binding(server.receive(), seen);
  ASSERT_TRUE(answer);
  server.send(server.from, *answer);
  const Description local = end->local();
  ASSERT_EQ(types_of(local),
            (std::vector<CandidateType>{CandidateType::host, CandidateType::server_reflexive}));
  EXPECT_EQ(local.candidates[1].address, to_wire(seen));
  ASSERT_TRUE(local.candidates[1].related_address);
  EXPECT_EQ(*local.candidates[1].related_address, local.candidates[0].address);
  EXPECT_NE(local.candidates[1].foundation, local.candidates[0].foundation);
  EXPECT_LT(local.candidates[1].priority, local.candidates[0].priority);
}

TEST_F(IceAgents, DoNotWaitForServersThatAreSilent) {
  AgentLimits limits;
  limits.gathering = k_short;
  start(limits);
  const Udp silent;
  auto end = gather(Role::controlling, [&](Gathering& what) {
    what.stun_server = to_wire(silent.address);
    what.turn_servers = {{to_wire(silent.address), TurnServer::Over::udp, "alice", SecretText("secret")}};
  });
  EXPECT_EQ(types_of(end->local()), std::vector<CandidateType>{CandidateType::host});
}

TEST_F(IceAgents, HaveNoPathWithAnotherPassword) {
  // Shows: ICE-25.
  AgentLimits limits;
  limits.connecting = k_short;
  start(limits);
  gather_both();
  const auto forged = [](Description of) {
    of.password = SecretText("another0password0of0them");
    return of;
  };
  answerer_->agent->set_remote(forged(asker_->local()));
  asker_->agent->set_remote(forged(answerer_->local()));
  EXPECT_EQ(asker_->reason(), "ICE has found no path in time");
  EXPECT_EQ(answerer_->reason(), "ICE has found no path in time");
}

TEST_F(IceAgents, TrySoManyCandidatesAndNoMore) {
  // Shows: ICE-34.
  start();
  gather_both();
  Description many = asker_->local();
  // Nobody is there; the one that is comes last.
  const auto real = many.candidates.front();
  many.candidates.clear();
  for (std::uint16_t port = 1; port < k_max_candidates; ++port) {
    many.candidates.push_back(real);
    many.candidates.back().address.port = port;
  }
  many.candidates.push_back(real);
  answerer_->agent->set_remote(many);
  asker_->agent->set_remote(answerer_->local());
  EXPECT_TRUE(answerer_->pair()) << answerer_->reason();

  many.candidates.push_back(real);
  auto other = gather(Role::controlled);
  other->local();
  other->agent->set_remote(many);
  EXPECT_EQ(other->reason(), "too many candidates");
}

TEST_F(IceAgents, RefuseWhatIsNoDescription) {
  start();
  const Description good = gather(Role::controlling)->local();
  const auto reason_for = [&](const std::function<void(Description&)>& change) {
    auto end = gather(Role::controlled);
    end->local();
    Description changed = good;
    change(changed);
    end->agent->set_remote(changed);
    return end->reason();
  };
  EXPECT_EQ(reason_for([](auto& one) { one.ufrag = "abc"; }), "its ufrag is none");
  EXPECT_EQ(reason_for([](auto& one) { one.ufrag = std::string("abcd\0e", 6); }), "its ufrag is none");
  EXPECT_EQ(reason_for([](auto& one) { one.ufrag = std::string(256, 'a'); }), "its ufrag is none");
  EXPECT_EQ(reason_for([](auto& one) { one.password = SecretText("short"); }), "its ICE password is none");
  EXPECT_EQ(reason_for([](auto& one) { one.candidates.clear(); }), "none of its candidates can be tried");
  EXPECT_EQ(reason_for([](auto& one) { one.candidates[0].address = at("239.1.2.3", 4000); }),
            "none of its candidates can be tried");
  EXPECT_EQ(reason_for([](auto& one) { one.candidates[0].link = wire::OverlayLinkType::tls_tcp_fh_no_ice; }),
            "none of its candidates can be tried");
}

TEST_F(IceAgents, AreNoMoreThanAllowed) {
  AgentLimits limits;
  limits.agents = 2;
  start(limits);
  gather_both();
  gather(Role::controlling);
  EXPECT_EQ(refusal_, "as many ICE agents as allowed");
  EXPECT_EQ(agents_->counters().refused, 1U);
  asker_->local();
  asker_->agent->close();
  const auto until = std::chrono::steady_clock::now() + k_patience;
  while (agents_->counters().agents == 2 && std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  gather(Role::controlling);
  EXPECT_EQ(refusal_, "");
}

TEST_F(IceAgents, KeepSoMuchOfWhatIsSentBeforeThereIsAPath) {
  AgentLimits limits;
  limits.waiting_datagrams = 3;
  start(limits);
  gather_both();
  for (const char* const text : {"1", "2", "3", "4", "5"}) asker_->agent->send(view_of(text));
  EXPECT_EQ(agents_->counters().lost_datagrams, 2U);
  tell_both();
  EXPECT_EQ(answerer_->received(3), (std::vector<std::string>{"1", "2", "3"}));
}

TEST_F(IceAgents, AreNotToHaveMoreServersOrAddressesThanThat) {
  start();
  gather(Role::controlling, [](Gathering& what) { what.turn_servers.resize(k_max_turn_servers + 1); });
  EXPECT_EQ(refusal_, "too many relays");
  gather(Role::controlling, [](Gathering& what) { what.local_addresses.resize(k_max_local_addresses + 1); });
  EXPECT_EQ(refusal_, "too many addresses");
}

TEST_F(IceAgents, FailWhereTheMachineHasNoSuchAddress) {
  start();
  auto end = gather(Role::controlling, [](Gathering& what) { what.local_addresses = {at("192.0.2.1")}; });
  EXPECT_EQ(end->reason(), "no address to gather candidates at");
}

TEST_F(IceAgents, SayNothingOnceTheyAreStopped) {
  start();
  gather_both();
  tell_both();
  ASSERT_TRUE(asker_->pair());
  agents_->stop();
  asker_->agent->send(view_of("late"));
  EXPECT_FALSE(asker_->has_failed());
  gather(Role::controlling);
  EXPECT_EQ(refusal_, "stopping");
}

}  // namespace
}  // namespace ringway::net::ice
