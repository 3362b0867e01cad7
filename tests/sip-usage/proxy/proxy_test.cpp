// What the proxy does with a request before it is under way: validation (RFC 3261 §16.3), bounds, CANCEL and
// ACK that match nothing.
#include "sip-usage/proxy/proxy.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the stage and its words

unsigned only_status(Stage& stage) {
  const auto statuses = stage.statuses();
  EXPECT_EQ(statuses.size(), 1u);
  return statuses.empty() ? 0 : statuses.front();
}

// §16.3.
TEST(ProxyTest, Validation) {
  Stage stage;
  stage.start(request("INVITE", "mailto:bob@ring.example"));
  EXPECT_EQ(only_status(stage), 416u);
  stage.start(request("INVITE", "sip:bob@ring.example", {"Max-Forwards: 0"}));
  EXPECT_EQ(only_status(stage), 483u);
  stage.start(request("INVITE", "sip:bob@ring.example", {"Proxy-Require: newfangled"}));
  const auto refused = stage.one<Respond>().response;
  EXPECT_EQ(refused.status(), 420u);
  EXPECT_EQ(*refused.field("Unsupported"), "newfangled");
  stage.start(request("INVITE", "sip:bob@ring.example", {"Max-Breadth: 0"}));
  EXPECT_EQ(only_status(stage), 440u);
  EXPECT_EQ(stage.proxy.context_count(), 0u);
  EXPECT_EQ(stage.proxy.counters().too_narrow, 1u);
}

// §16.3: unknown methods pass.
TEST(ProxyTest, UnknownMethodsPass) {
  Stage stage;
  stage.call({binding(2)}, request("NEWFANGLED"));
  EXPECT_EQ(stage.branches().size(), 1u);
}

// §16.3 step 4, RFC 5393: the same request once more is a loop, one that was sent on elsewhere is a spiral.
TEST(ProxyTest, LoopsAndSpirals) {
  Stage stage;
  stage.call({device(1)});
  auto looped = stage.branches().at(0).request;
  looped.record_routes.clear();
  auto spiral = looped;
  spiral.request_uri().user = "carol";
  stage.start(looped, peer());
  EXPECT_EQ(only_status(stage), 482u);
  EXPECT_EQ(stage.proxy.counters().loops, 1u);
  stage.start(spiral, peer());
  EXPECT_EQ(stage.take<FindTargets>().size(), 1u);
}

// §16.2, §8.2.6.1: 100 at once to an INVITE, never to other requests (RFC 4320 §4.1).
TEST(ProxyTest, Trying) {
  Stage stage;
  stage.start(request("INVITE", "sip:bob@ring.example", {"Timestamp: 5"}));
  const auto trying = stage.one<Respond>().response;
  EXPECT_EQ(trying.status(), 100u);
  EXPECT_EQ(trying.to.tag(), "");
  EXPECT_EQ(*trying.field("Timestamp"), "5");
  stage.start(request("MESSAGE"));
  EXPECT_TRUE(stage.take<Respond>().empty());
}

TEST(ProxyTest, ForThePeerItself) {
  Stage stage;
  stage.start(request("REGISTER", "sip:ring.example", {"Route: <sip:192.0.2.1;lr>"}));
  const auto passed = stage.one<PassToPeer>();
  EXPECT_TRUE(passed.request.routes.empty());
  EXPECT_EQ(stage.proxy.context_count(), 0u);
}

TEST(ProxyTest, WhoMayNotBeSentOn) {
  Stage stage;
  stage.start(request("INVITE", "tel:+43900", {"Route: <sip:trunk.example;lr>"}), outsider());
  EXPECT_EQ(only_status(stage), 403u);
  EXPECT_EQ(stage.proxy.counters().not_allowed, 1u);
}

// Who answers for the target learns who asks.
TEST(ProxyTest, TheLocationServiceDecides) {
  Stage stage;
  stage.start(request("INVITE", "tel:+43900"), outsider(7));
  const auto find = stage.one<FindTargets>();
  EXPECT_EQ(find.source.side, Side::outside);
  EXPECT_EQ(find.uri.print(), "tel:+43900");
  EXPECT_TRUE(find.is_responsible);
  EXPECT_EQ(find.method, "INVITE");
  stage.proxy.on_not_found(stage.now, find.find, 403);
  EXPECT_EQ(only_status(stage), 403u);
}

// k_max_contexts_of_phone and k_max_contexts: 503 with Retry-After, and room again when a request has ended.
TEST(ProxyTest, ContextsAtTheBounds) {
  Stage stage;
  std::vector<ServerId> servers;
  const auto fill = [&](std::uint64_t source, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at)
      servers.push_back(stage.start(request("MESSAGE", "sip:bob@ring.example", {},
                                            "c" + std::to_string(source) + "-" + std::to_string(at)),
                                    phone(source)));
  };
  fill(1, k_max_contexts_of_phone);
  EXPECT_TRUE(stage.statuses().empty());
  fill(1, 1);
  const auto refused = stage.one<Respond>().response;
  EXPECT_EQ(refused.status(), 503u);
  EXPECT_EQ(*refused.field("Retry-After"), std::to_string(k_retry_after_s));
  EXPECT_EQ(stage.proxy.counters().no_room_for_source, 1u);
  EXPECT_EQ(stage.proxy.counters().no_room, 0u);

  std::uint64_t source = 1;
  while (stage.proxy.context_count() < k_max_contexts) fill(++source, k_max_contexts_of_phone);
  EXPECT_TRUE(stage.statuses().empty()) << "others are not harmed";
  fill(++source, 1);
  EXPECT_EQ(only_status(stage), 503u);
  EXPECT_EQ(stage.proxy.counters().no_room, 1u);

  stage.proxy.on_not_found(stage.now, stage.take<FindTargets>().front().find, 404);
  stage.proxy.on_server_ended(stage.now, servers.front());
  EXPECT_EQ(stage.proxy.context_count(), k_max_contexts - 1);
  EXPECT_EQ(only_status(stage), 404u);
  fill(1, 1);
  EXPECT_TRUE(stage.statuses().empty());
}

// Strangers leave room for peers, and both for own phones; many connections of one address are one stranger.
TEST(ProxyTest, ContextsOfOthersAtTheirBounds) {
  Stage stage;
  std::size_t calls = 0;
  const auto fill = [&](const std::vector<Source>& from, std::size_t count) {
    for (std::size_t at = 0; at < count; ++at) {
      const auto id = "c" + std::to_string(++calls);
      stage.start(request("MESSAGE", "sip:bob@ring.example", {}, id), from[at % from.size()]);
    }
    return stage.statuses().size();
  };
  const auto of_address = [](std::uint64_t flow, const std::string& address) {
    auto out = test::outsider(flow);
    out.sender = address;
    return out;
  };
  EXPECT_EQ(
      fill({of_address(80, "a"), of_address(81, "a"), of_address(82, "a")}, k_max_contexts_of_other + 1), 1u);
  EXPECT_EQ(stage.proxy.counters().no_room_for_source, 1u);
  EXPECT_EQ(fill({of_address(80, "b")}, k_max_contexts_of_strangers - k_max_contexts_of_other), 0u);
  EXPECT_EQ(fill({of_address(80, "c")}, 1), 1u);
  EXPECT_EQ(stage.proxy.counters().no_room, 1u);
  EXPECT_EQ(fill({test::peer(90)}, k_max_contexts_of_other + 1), 1u);
  EXPECT_EQ(fill({test::peer(91)}, 1), 1u);
  EXPECT_EQ(stage.proxy.context_count(), k_max_contexts_of_others);
  EXPECT_EQ(fill({phone(1)}, k_max_contexts - k_max_contexts_of_others), 0u);
  EXPECT_EQ(fill({phone(2)}, 1), 1u);
}

// §16.10: what is unknown goes on without a transaction where the request says where to, §9.2 elsewhere.
TEST(ProxyTest, CancelOfNothing) {
  Stage stage;
  const ServerId cancel{700};
  stage.proxy.on_cancel(stage.now, cancel, std::nullopt, request("CANCEL"), phone(1));
  EXPECT_EQ(only_status(stage), 481u);
  stage.proxy.on_cancel(stage.now, cancel, ServerId{12345},
                        request("CANCEL", "sip:bob@p2.example", {"Route: <sip:p2.example;lr>"}), phone(1));
  EXPECT_EQ(stage.one<EndServer>().server, cancel);
  const auto sent = stage.one<SendStateless>();
  EXPECT_EQ(sent.request.method(), "CANCEL");
  EXPECT_EQ(sent.request.vias.size(), 2u);
  EXPECT_EQ(std::get<UriHop>(sent.hop).uri.host, "p2.example");
}

// ACK of a 2xx: end to end, by the dialog's route set, without a transaction and without an answer.
TEST(ProxyTest, AckOfSuccess) {
  Stage stage;
  stage.call({binding(2)});
  const auto invite = stage.branches().at(0).request;
  Message ack = request("ACK", "sip:bob@10.0.0.2", {}, "call-1", "b");
  ack.routes.assign(invite.record_routes.rbegin(), invite.record_routes.rend());
  stage.proxy.on_ack(ack, phone(1));
  const auto sent = stage.one<SendStateless>();
  EXPECT_EQ(std::get<FlowHop>(sent.hop).flow, flow(2));
  EXPECT_TRUE(sent.request.routes.empty());
  EXPECT_TRUE(sent.request.record_routes.empty());
  EXPECT_EQ(sent.request.vias.size(), 2u);
  stage.proxy.on_ack(ack, phone(1));
  EXPECT_EQ(stage.one<SendStateless>().request.vias[0].branch(), sent.request.vias[0].branch());

  stage.proxy.on_ack(request("ACK", "sip:dave@ring.example;gr=xyz", {}, "call-1", "b"), phone(1));
  EXPECT_EQ(std::get<UriHop>(stage.one<SendStateless>().hop).uri.user, "dave") << "a GRUU is one device";

  ack.routes.front().uri.user.back() = 'x';
  stage.proxy.on_ack(ack, phone(1));
  ack.routes.clear();
  ack.max_forwards = 0;
  stage.proxy.on_ack(ack, phone(1));
  stage.proxy.on_ack(request("ACK"), phone(1));
  EXPECT_TRUE(stage.take<SendStateless>().empty());
  EXPECT_EQ(stage.proxy.counters().stateless_dropped, 3u);
}

// What is not known is passed over.
TEST(ProxyTest, EventsOfTheUnknown) {
  Stage stage;
  stage.proxy.on_response(stage.now, BranchId{9}, make_response(request("INVITE"), 200, "t"));
  stage.proxy.on_failure(stage.now, BranchId{9}, BranchFailure::timed_out);
  stage.proxy.on_branch_ended(stage.now, BranchId{9});
  stage.proxy.on_server_ended(stage.now, ServerId{9});
  stage.proxy.on_found(stage.now, FindId{9}, {});
  stage.proxy.on_not_found(stage.now, FindId{9}, 404);
  stage.proxy.on_timer(stage.now);
  EXPECT_TRUE(stage.proxy.take_outputs().empty());
  EXPECT_FALSE(stage.proxy.next_wake());
}

}  // namespace
}  // namespace ringway::sip::proxy
