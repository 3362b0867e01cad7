#include "sip-usage/proxy/forwarding.hpp"

#include <gtest/gtest.h>

#include "sip-usage/message/credentials.hpp"
#include "sip-usage/proxy/routing.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::binding;
using test::device;
using test::flow;
using test::outsider;
using test::peer;
using test::phone;
using test::request;
using test::uri;

class ForwardingTest : public testing::Test {
 protected:
  Message to(const Target& target, const Message& message = request("INVITE"),
             const Source& source = phone(1)) const {
    return forwarded(message, target, source, settings_, tokens_, {"z9hG4bKtest", 12});
  }
  static Target server(std::string transport = "TCP") {
    Target target;
    target.uri = uri("sip:bob@other.example");
    target.hop = ServerHop{std::move(transport), "198.51.100.9", 5060};
    return target;
  }

  Settings settings_ = test::settings();
  Tokens tokens_{settings_.key};
};

// §22.3: what was shown to this proxy goes no further; what is for another one does.
TEST_F(ForwardingTest, OwnCredentialsStayHere) {
  auto message = request("INVITE");
  const std::string rest = ",nonce=\"n\",uri=\"sip:x\",response=\"r\"";
  message.add_field("Proxy-Authorization",
                    "Digest username=\"a\",realm=\"" + settings_.overlay() + "\"" + rest);
  message.add_field("Proxy-Authorization", "Digest username=\"b\",realm=\"other.example\"" + rest);
  const auto copy = to(device(7), message);
  const auto* left = copy.field("Proxy-Authorization");
  ASSERT_NE(left, nullptr);
  EXPECT_NE(left->find("other.example"), std::string::npos);
  EXPECT_EQ(credentials(copy, "Proxy-Authorization").size(), 1u);
}

// §16.6 steps 2, 3, 8; RFC 5393 §5.3.3.
TEST_F(ForwardingTest, TheCopy) {
  auto target = binding(2);
  target.uri = uri("sip:bob@10.0.0.2;method=INVITE;x=y?Subject=no");
  const auto message =
      request("INVITE", "sip:bob@ring.example", {"Max-Forwards: 10", "Subject: hello", "Max-Breadth: 60"});
  const auto out = to(target, message);
  EXPECT_EQ(out.request_uri().print(), "sip:bob@10.0.0.2;x=y");
  EXPECT_EQ(out.max_forwards, 9);
  ASSERT_EQ(out.vias.size(), 2u);
  EXPECT_EQ(out.vias[0].print(), "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKtest;rport");
  EXPECT_EQ(out.vias[1].print(), message.vias[0].print());
  EXPECT_EQ(*out.field("Subject"), "hello");
  EXPECT_EQ(out.values("Max-Breadth"), std::vector<std::string_view>{"12"});
  EXPECT_EQ(to(binding(2)).max_forwards, 70) << "step 3: where there was none";
  EXPECT_EQ(to(device(1)).vias[0].print(), "SIP/2.0/TLS ring.example;branch=z9hG4bKtest");
  EXPECT_EQ(to(server()).vias[0].print(), "SIP/2.0/TCP 192.0.2.1:5060;branch=z9hG4bKtest");
}

// §16.6 step 4: on the path where it must be, with a value for each side.
TEST_F(ForwardingTest, RecordRoute) {
  const auto out = to(device(1));
  ASSERT_EQ(out.record_routes.size(), 2u);
  const Uri& overlay = out.record_routes[0].uri;
  EXPECT_EQ(overlay.host, "ring.example");
  EXPECT_EQ(overlay.parameters.value("gr"), "AAAA");
  EXPECT_TRUE(overlay.has_loose_routing());
  EXPECT_TRUE(std::holds_alternative<RelayToken>(tokens_.read(overlay.user, "call-1")));
  const Uri& caller = out.record_routes[1].uri;
  EXPECT_EQ(caller.host, "192.0.2.1");
  EXPECT_TRUE(caller.has_loose_routing());
  const auto token = tokens_.read(caller.user, "call-1");
  ASSERT_TRUE(std::holds_alternative<DialogToken>(token));
  EXPECT_EQ(std::get<DialogToken>(token).flow, flow(1));

  const auto between = to(binding(2));
  ASSERT_EQ(between.record_routes.size(), 2u);
  const auto callee = tokens_.read(between.record_routes[0].uri.user, "call-1");
  ASSERT_TRUE(std::holds_alternative<DialogToken>(callee));
  EXPECT_EQ(std::get<DialogToken>(callee).flow, flow(2));

  EXPECT_EQ(to(server(), request("INVITE"), peer()).record_routes.size(), 2u) << "a gateway";
  EXPECT_TRUE(to(device(1), request("INVITE"), peer()).record_routes.empty());
  EXPECT_TRUE(to(server(), request("INVITE"), outsider()).record_routes.empty());
}

TEST_F(ForwardingTest, RecordRouteByMethod) {
  for (const auto* method : {"INVITE", "SUBSCRIBE", "NOTIFY", "REFER", "UPDATE", "NEWFANGLED"})
    EXPECT_FALSE(to(device(1), request(method)).record_routes.empty()) << method;
  for (const auto* method : {"MESSAGE", "OPTIONS", "PUBLISH", "BYE", "INFO", "PRACK", "ACK", "REGISTER"})
    EXPECT_TRUE(to(device(1), request(method)).record_routes.empty()) << method;
}

// §16.6 step 4: other values stay below; sips throughout, but for a caller who has not asked for it; the
// flow's transport.
TEST_F(ForwardingTest, RecordRouteDetails) {
  const auto below =
      to(device(1), request("INVITE", "sip:bob@ring.example", {"Record-Route: <sip:p0.example;lr>"}));
  ASSERT_EQ(below.record_routes.size(), 3u);
  EXPECT_EQ(below.record_routes[2].uri.print(), "sip:p0.example;lr");

  auto secure = device(1);
  secure.uri = uri("sips:bob@ring.example");
  for (const auto& value : to(secure, request("INVITE", "sips:bob@ring.example")).record_routes)
    EXPECT_EQ(value.uri.scheme, "sips");
  const auto to_who_takes_nothing_else = to(secure);
  EXPECT_EQ(to_who_takes_nothing_else.record_routes[0].uri.scheme, "sips");
  EXPECT_EQ(to_who_takes_nothing_else.record_routes[1].uri.scheme, "sip");

  const auto from_browser = to(device(1), request("INVITE"), {Side::phone, flow(1, "WSS")});
  EXPECT_EQ(from_browser.record_routes[1].uri.parameters.value("transport"), "wss");
}

// §16.6 step 6.
TEST_F(ForwardingTest, StrictRouterBehindUs) {
  const auto out = to(binding(2), request("BYE", "sip:bob@10.0.0.2",
                                          {"Route: <sip:strict.example>", "Route: <sip:p4.example;lr>"}));
  EXPECT_EQ(out.request_uri().print(), "sip:strict.example");
  ASSERT_EQ(out.routes.size(), 2u);
  EXPECT_EQ(out.routes[0].uri.print(), "sip:p4.example;lr");
  EXPECT_EQ(out.routes[1].uri.print(), "sip:bob@10.0.0.2");
}

// RFC 3327 §5.4: a binding's Path goes in front; §5.2 and RFC 5626 §5.1: Path in a REGISTER that passes.
TEST_F(ForwardingTest, Path) {
  auto target = binding(2);
  target.path = {{{}, uri("sip:edge1.example;lr"), {}}, {{}, uri("sip:edge2.example;lr"), {}}};
  const auto out = to(target, request("INVITE", "sip:bob@ring.example", {"Route: <sip:later.example;lr>"}));
  ASSERT_EQ(out.routes.size(), 3u);
  EXPECT_EQ(out.routes[0].uri.host, "edge1.example");
  EXPECT_EQ(out.routes[2].uri.host, "later.example");

  const auto registering =
      to(server(), request("REGISTER", "sip:other.example", {"Path: <sip:before.example;lr>"}));
  const auto path = registering.addresses("Path");
  ASSERT_TRUE(path && path->size() == 2u);
  EXPECT_EQ((*path)[1].uri.host, "before.example");
  EXPECT_TRUE((*path)[0].uri.parameters.has("ob"));
  EXPECT_TRUE((*path)[0].uri.has_loose_routing());
  EXPECT_TRUE(std::holds_alternative<PathToken>(tokens_.read((*path)[0].uri.user, "")));
  EXPECT_EQ(to(server(), request("REGISTER", "sip:other.example"), peer()).field("Path"), nullptr);
  EXPECT_FALSE(path_of(flow(1), false, tokens_).uri.parameters.has("ob")) << "another proxy was before";
}

// The route set that two phones on two peers make of what both peers have written leads back through both,
// and at the end to the flow.
TEST_F(ForwardingTest, ThereAndBackThroughTwoPeers) {
  Settings callee_settings = test::settings();
  callee_settings.own_addresses = {{"192.0.2.2", 5060}};
  callee_settings.overlay_gr = "BBBB";
  callee_settings.key = Bytes(32, 0x77);
  const Tokens callee_tokens{callee_settings.key};
  const Message at_callee_peer = to(device(1));
  Target bob = binding(5);
  const Message at_bob =
      forwarded(at_callee_peer, bob, peer(), callee_settings, callee_tokens, {"z9hG4bKtwo", 1});
  ASSERT_EQ(at_bob.record_routes.size(), 4u);

  // Bob's route set is as it came (§12.1.1), Alice's is reversed (§12.1.2).
  Message bye = request("BYE", "sip:alice@10.0.0.1", {}, "call-1", "b");
  bye.routes = at_bob.record_routes;
  auto first = route(bye, {Side::phone, flow(5)}, callee_settings, callee_tokens, DialogTable());
  ASSERT_TRUE(std::holds_alternative<OneHop>(first.next));
  ASSERT_EQ(first.request.routes.size(), 2u);
  EXPECT_EQ(side_of(std::get<OneHop>(first.next).hop, callee_settings), Side::overlay);
  const auto second = route(first.request, peer(), settings_, tokens_, DialogTable());
  ASSERT_TRUE(std::holds_alternative<OneHop>(second.next));
  EXPECT_EQ(std::get<FlowHop>(std::get<OneHop>(second.next).hop).flow, flow(1));
  EXPECT_TRUE(second.request.routes.empty());

  bye.request_uri() = uri("sip:bob@10.0.0.5");
  bye.routes.assign(at_bob.record_routes.rbegin(), at_bob.record_routes.rend());
  first = route(bye, phone(1), settings_, tokens_, DialogTable());
  ASSERT_TRUE(std::holds_alternative<OneHop>(first.next));
  ASSERT_EQ(first.request.routes.size(), 2u);
  const auto last = route(first.request, peer(), callee_settings, callee_tokens, DialogTable());
  ASSERT_TRUE(std::holds_alternative<OneHop>(last.next));
  EXPECT_EQ(std::get<FlowHop>(std::get<OneHop>(last.next).hop).flow, flow(5));
}

}  // namespace
}  // namespace ringway::sip::proxy
