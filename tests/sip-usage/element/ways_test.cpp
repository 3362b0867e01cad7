// Ways to peers and servers: who is asked for an address, what waits, and the bounds of both.
#include <gtest/gtest.h>

#include <string>

#include "tests/sip-usage/element/stage.hpp"

namespace ringway::sip::element {
namespace {

using test::settings_of;

template <typename T>
std::vector<T> of_kind(const std::vector<Output>& outputs) {
  std::vector<T> out;
  for (const auto& each : outputs)
    if (const auto* one = std::get_if<T>(&each)) out.push_back(*one);
  return out;
}

struct Stage {
  explicit Stage(bool calls_outside = true) : settings(settings_of(1)) {
    settings.lets_users_call_outside = calls_outside;
  }
  void to_uri(const std::string& uri, std::uint64_t branch = 1) {
    ways.send(now, proxy::UriHop{*Uri::parse(uri)}, parcel(branch));
  }
  static Parcel parcel(std::uint64_t branch) {
    return {proxy::BranchId{branch}, sip::test::message(sip::test::invite_lines())};
  }
  void add_peer(FlowId id) {  // a connection with node 7
    FlowState state;
    state.id = id;
    state.transport = "TLS";
    state.node = test::node(7);
    flows.add(now, state);
    ways.on_up(id, {});
  }
  FlowId ready_at() {
    for (const auto& each : ways.take_ways())
      if (const auto* ready = std::get_if<Ready>(&each)) return ready->flow;
    return {};
  }
  std::size_t no_ways() {
    std::size_t count = 0;
    for (const auto& each : ways.take_ways()) count += std::holds_alternative<NoWay>(each) ? 1 : 0;
    return count;
  }

  MonoTime now{1000};
  Settings settings;
  Flows flows;
  registrar::Registrar registrar{settings_of(1).registrar, registrar::test::accounts({"alice"}),
                                 std::make_shared<registrar::test::CountingRandom>()};
  Finder finder{settings, registrar, flows};
  Ways ways{settings, flows, finder};
};

TEST(WaysTest, GruuLeadsToThePeer) {
  // Shows: SIP-16, SIP-23.
  Stage stage;
  const wire::DestinationList destinations = {wire::to_node(test::node(7))};
  stage.to_uri("sip:bob@example.org;gr=" + *write_gr(destinations));
  const auto opens = of_kind<OpenPeer>(stage.ways.take_outputs());
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_EQ(opens[0].destinations, destinations);
  EXPECT_EQ(opens[0].application, 5060);
  stage.to_uri("sip:bob@example.org;gr=!");
  EXPECT_EQ(stage.no_ways(), 1u);
}

TEST(WaysTest, NamesAreAskedForAndAddressesAreNot) {
  Stage stage;
  stage.to_uri("sip:bob@198.51.100.7;transport=tcp");
  auto outputs = stage.ways.take_outputs();
  ASSERT_EQ(of_kind<OpenAddress>(outputs).size(), 1u);
  EXPECT_EQ(of_kind<OpenAddress>(outputs)[0].transport, "TCP");
  stage.to_uri("sips:bob@elsewhere.example", 2);
  const auto asked = of_kind<AskServers>(stage.ways.take_outputs());
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_TRUE(asked[0].sips);
  EXPECT_TRUE(stage.ways.on_servers(stage.now, asked[0].question,
                                    {{"s.elsewhere.example", 5061, ServerTransport::tls}}));
  outputs = stage.ways.take_outputs();
  ASSERT_EQ(of_kind<OpenAddress>(outputs).size(), 1u);
  EXPECT_EQ(of_kind<OpenAddress>(outputs)[0].transport, "TLS");
  EXPECT_FALSE(stage.ways.on_question_failed(stage.now, asked[0].question));  // it is answered
}

// Both ends have opened one: when the first is gone, the other is there.
TEST(WaysTest, AFlowOfDatagramsIsItsTwoEnds) {
  Stage stage;
  const auto to_flow = [&](const std::string& transport, const std::string& remote) {
    stage.ways.send(stage.now, proxy::FlowHop{{77, {transport, "192.0.2.1", 5060}, remote}},
                    Stage::parcel(1));
    return of_kind<OpenAddress>(stage.ways.take_outputs());
  };
  const auto opens = to_flow("UDP", "198.51.100.7:5066");
  ASSERT_EQ(opens.size(), 1u);
  EXPECT_EQ(opens[0].transport, "UDP");
  EXPECT_EQ(opens[0].remote.host, "198.51.100.7");
  EXPECT_EQ(opens[0].remote.port, 5066);
  const auto opens_ipv6 = to_flow("UDP", "[2001:db8::7]:5066");
  ASSERT_EQ(opens_ipv6.size(), 1u);
  EXPECT_EQ(opens_ipv6[0].remote.host, "2001:db8::7");
  EXPECT_EQ(stage.no_ways(), 0u);
  // A connection is nobody's to open again.
  for (const std::string transport : {"TCP", "TLS", "WS", "WSS"})
    EXPECT_TRUE(to_flow(transport, "198.51.100.7:5066").empty());
  EXPECT_EQ(stage.no_ways(), 4u);
}

TEST(WaysTest, SecondConnectionOfAPeer) {
  Stage stage;
  stage.add_peer(FlowId{5});
  stage.add_peer(FlowId{6});
  const std::string uri = "sip:bob@example.org;gr=" + *write_gr({wire::to_node(test::node(7))});
  stage.to_uri(uri);
  EXPECT_EQ(stage.ready_at(), FlowId{5});
  stage.ways.on_down(FlowId{5});
  stage.flows.remove(FlowId{5});
  stage.to_uri(uri);
  EXPECT_EQ(stage.ready_at(), FlowId{6});
  EXPECT_TRUE(stage.ways.take_outputs().empty());
}

// What cannot be reached is not waited for, and a connection of its own makes it one that can.
TEST(WaysTest, PeerThatCouldNotBeReached) {
  Stage stage;
  const std::string uri = "sip:bob@example.org;gr=" + *write_gr({wire::to_node(test::node(7))});
  stage.to_uri(uri);
  const auto opens = of_kind<OpenPeer>(stage.ways.take_outputs());
  ASSERT_EQ(opens.size(), 1u);
  stage.ways.on_open_failed(stage.now, opens[0].open);
  EXPECT_EQ(stage.no_ways(), 1u);
  stage.to_uri(uri, 2);
  stage.to_uri(uri, 3);
  EXPECT_EQ(stage.no_ways(), 2u);
  EXPECT_EQ(of_kind<OpenPeer>(stage.ways.take_outputs()).size(), 1u);  // one at a time
  stage.add_peer(FlowId{5});
  stage.to_uri(uri, 4);
  EXPECT_EQ(stage.ready_at(), FlowId{5});
  stage.ways.on_down(FlowId{5});
  stage.flows.remove(FlowId{5});
  stage.now = stage.now + k_opening_time;
  stage.ways.on_timer(stage.now);  // that one has failed as well
  stage.to_uri(uri, 5);
  EXPECT_EQ(stage.no_ways(), 1u);
  stage.ways.on_open_failed(stage.now, of_kind<OpenPeer>(stage.ways.take_outputs()).at(0).open);
  stage.now = stage.now + k_unreached_time;
  stage.to_uri(uri, 6);
  EXPECT_EQ(stage.no_ways(), 0u);
  EXPECT_EQ(of_kind<OpenPeer>(stage.ways.take_outputs()).size(), 1u);
}

TEST(UnreachedTest, TheFirstIsForgottenAtTheBound) {
  Unreached unreached;
  for (std::size_t at = 0; at < k_max_unreached; ++at)
    unreached.note(MonoTime{static_cast<std::int64_t>(at)}, "peer " + std::to_string(at));
  const MonoTime now{static_cast<std::int64_t>(k_max_unreached)};
  EXPECT_TRUE(unreached.has(now, "peer 0"));
  unreached.note(now, "peer 1");
  EXPECT_TRUE(unreached.has(now, "peer 0"));  // that one was there
  unreached.note(now, "one more");
  EXPECT_EQ(unreached.size().size, k_max_unreached);
  EXPECT_FALSE(unreached.has(now, "peer 0"));
  EXPECT_TRUE(unreached.has(now, "peer 2"));
  EXPECT_FALSE(unreached.has(now + k_unreached_time, "one more"));
  unreached.note(now + k_unreached_time, "another");  // what is over makes room
  EXPECT_EQ(unreached.size().size, 1u);
}

TEST(WaysTest, NamesOfAFlowHaveABound) {
  Stage stage;
  stage.add_peer(FlowId{5});
  for (std::size_t at = 0; at < k_max_names_of_flow; ++at) {
    stage.to_uri("sip:bob@198.51.100.7:" + std::to_string(at + 1));
    stage.ways.on_up(FlowId{5}, of_kind<OpenAddress>(stage.ways.take_outputs()).at(0).open);
    EXPECT_EQ(stage.ready_at(), FlowId{5});
  }
  stage.to_uri("sip:bob@198.51.100.7:" + std::to_string(k_max_names_of_flow - 1));
  EXPECT_EQ(stage.ready_at(), FlowId{5});
  stage.to_uri("sip:bob@198.51.100.7:" +
               std::to_string(k_max_names_of_flow));  // with that of the peer, one too many
  EXPECT_EQ(of_kind<OpenAddress>(stage.ways.take_outputs()).size(), 1u);
}

// RFC 3263 §4.3.
TEST(WaysTest, SeveralServersOfADomain) {
  Stage stage;
  stage.to_uri("sip:bob@elsewhere.example", 1);
  stage.ways.send(stage.now, proxy::UriHop{*Uri::parse("sip:bob@elsewhere.example")},
                  {std::nullopt, Stage::parcel(2).request});
  const auto asked = of_kind<AskServers>(stage.ways.take_outputs());
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_TRUE(stage.ways.on_servers(stage.now, asked[0].question,
                                    {{"a.elsewhere.example", 5060, ServerTransport::tcp},
                                     {"b.elsewhere.example", 5061, ServerTransport::tls}}));
  const auto first = of_kind<OpenAddress>(stage.ways.take_outputs());
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(first[0].server_name, "");
  std::size_t more = 0;
  for (const auto& each : stage.ways.take_ways())
    if (const auto* servers = std::get_if<MoreServers>(&each)) {
      ++more;
      EXPECT_EQ(servers->branch, proxy::BranchId{1});
      EXPECT_EQ(servers->others.size(), 1u);
    }
  EXPECT_EQ(more, 1u);
  stage.ways.on_open_failed(stage.now, first[0].open);
  EXPECT_EQ(stage.no_ways(), 1u);  // of the branch, for which the proxy tries the next
  const auto second =
      of_kind<OpenAddress>(stage.ways.take_outputs());  // what has no branch goes on by itself
  ASSERT_EQ(second.size(), 1u);
  EXPECT_EQ(second[0].remote.host, "b.elsewhere.example");
  EXPECT_EQ(second[0].server_name, "elsewhere.example");  // RFC 5922: the domain, not the server
  stage.ways.on_open_failed(stage.now, second[0].open);
  EXPECT_EQ(stage.no_ways(), 1u);
}

TEST(WaysTest, NobodyCallsOutsideWhereItIsNotAllowed) {
  Stage stage(false);
  stage.to_uri("sip:bob@elsewhere.example");
  stage.to_uri("sip:bob@198.51.100.7", 2);
  EXPECT_EQ(stage.no_ways(), 2u);
  EXPECT_TRUE(stage.ways.take_outputs().empty());
}

TEST(WaysTest, WhatWaitsHasABound) {
  Stage stage;
  for (std::uint64_t branch = 0; branch < k_max_waiting_for_opening; ++branch)
    stage.to_uri("sip:bob@198.51.100.7", branch);
  EXPECT_EQ(of_kind<OpenAddress>(stage.ways.take_outputs()).size(), 1u);
  EXPECT_EQ(stage.no_ways(), 0u);
  stage.to_uri("sip:bob@198.51.100.7", k_max_waiting_for_opening);
  EXPECT_EQ(stage.no_ways(), 1u);
  stage.ways.drop(proxy::BranchId{3});
  stage.now = stage.now + k_opening_time;
  stage.ways.on_timer(stage.now);
  EXPECT_EQ(stage.no_ways(), k_max_waiting_for_opening - 1);
  EXPECT_FALSE(stage.ways.next_wake());
}

TEST(WaysTest, OpeningsHaveABound) {
  Stage stage;
  for (std::size_t at = 0; at < k_max_openings; ++at)
    stage.to_uri("sip:bob@198.51.100.7:" + std::to_string(at + 1));
  EXPECT_EQ(stage.no_ways(), 0u);
  EXPECT_EQ(stage.ways.sizes().front().size, stage.ways.sizes().front().bound);
  stage.to_uri("sip:bob@198.51.100.8");
  EXPECT_EQ(stage.no_ways(), 1u);
  stage.ways.on_open_failed(stage.now, of_kind<OpenAddress>(stage.ways.take_outputs()).front().open);
  EXPECT_EQ(stage.no_ways(), 1u);
  stage.to_uri("sip:bob@198.51.100.8");
  EXPECT_EQ(stage.no_ways(), 0u);
}

// Who hangs up before it is answered takes no place of those who are called.
TEST(WaysTest, OpeningsForAnswersHaveABoundOfTheirOwn) {
  Stage stage;
  std::uint64_t answers = 0;
  const auto answer = [&](const std::string& host, std::uint16_t port) {
    stage.ways.send(stage.now, proxy::ServerHop{"TCP", host, port},
                    {{}, {}, {}, TransactionId{++answers}, {}});
    return stage.no_ways() == 0;
  };
  const auto address = [](std::size_t number) { return "198.51.100." + std::to_string(number); };
  for (std::uint16_t port = 1; port <= k_max_openings_for_answers_to_one; ++port)
    EXPECT_TRUE(answer(address(0), port));
  EXPECT_FALSE(answer(address(0), 99));
  for (std::size_t at = k_max_openings_for_answers_to_one; at < k_max_openings_for_answers; ++at)
    EXPECT_TRUE(answer(address(at), 5060));
  EXPECT_FALSE(answer("198.51.101.1", 5060));
  for (std::size_t at = 0; at < k_max_openings; ++at)
    stage.to_uri("sip:bob@203.0.113.1:" + std::to_string(at + 1));
  EXPECT_EQ(stage.no_ways(), 0u) << "others have all of theirs";
  EXPECT_EQ(stage.ways.sizes()[1].size, stage.ways.sizes()[1].bound);
  stage.now = stage.now + k_opening_time;
  stage.ways.on_timer(stage.now);
  EXPECT_EQ(stage.no_ways(), k_max_openings_for_answers + k_max_openings);
  EXPECT_EQ(stage.ways.sizes()[0].size + stage.ways.sizes()[1].size, 0u);
  for (std::uint16_t port = 1; port <= k_max_openings_for_answers_to_one; ++port)
    EXPECT_TRUE(answer(address(0), port));
}

TEST(FlowsTest, UnusedConnectionsAreClosed) {
  Flows flows;
  FlowState state;
  state.id = FlowId{5};
  state.transport = "TCP";
  state.opened_here = true;
  FlowState* flow = flows.add(MonoTime{0}, state);
  flow->transactions.insert(TransactionId{1});
  flows.on_timer(MonoTime{0} + k_idle_time);
  EXPECT_TRUE(flows.take_outputs().empty());  // somebody waits for an answer
  flow->transactions.clear();
  flows.on_timer(MonoTime{0} + 2 * k_idle_time);
  EXPECT_EQ(of_kind<CloseFlow>(flows.take_outputs()).size(), 1u);
  EXPECT_FALSE(flows.next_wake());
}

TEST(FinderTest, SearchesHaveABound) {
  Stage stage;
  proxy::FindTargets find;
  find.uri = *Uri::parse("sip:carol@example.org");
  find.is_responsible = true;
  find.source.side = proxy::Side::phone;
  for (std::uint64_t number = 1; number <= k_max_finds + 1; ++number) {
    find.find = proxy::FindId{number};
    stage.finder.begin(stage.now, find);
  }
  EXPECT_EQ(stage.finder.size().size, k_max_finds);
  const auto answers = stage.finder.take_answers();
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_EQ(std::get<unsigned>(answers[0].found), 480u);
  EXPECT_EQ(of_kind<FetchFromOverlay>(stage.finder.take_outputs()).size(), k_max_finds);
  stage.finder.drop(proxy::FindId{1});
  EXPECT_EQ(of_kind<DropQuestion>(stage.finder.take_outputs()).size(), 1u);
  EXPECT_FALSE(stage.finder.fetched(QuestionId{1}, {}));
}

}  // namespace
}  // namespace ringway::sip::element
