#include "sip-usage/proxy/routing.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::flow;
using test::outsider;
using test::peer;
using test::phone;
using test::request;
using test::uri;

class RoutingTest : public testing::Test {
 protected:
  Routed go(const Message& message, const Source& source = phone(1)) const {
    return route(message, source, settings_, tokens_, dialogs_);
  }
  std::string route_of(const std::string& user, const std::string& more = "") const {
    return "Route: <sip:" + user + "@192.0.2.1;lr" + more + ">";
  }
  std::string dialog(std::uint64_t id) const { return tokens_.make(DialogToken{flow(id)}, "call-1"); }
  std::string relay(Side side, Side other, std::optional<Hop> to = {}) const {
    return tokens_.make(RelayToken{side, other, std::move(to)}, "call-1");
  }

  template <typename T>
  static bool is(const Routed& routed) {
    return std::holds_alternative<T>(routed.next);
  }
  static unsigned refused(const Routed& routed) {
    return is<Refuse>(routed) ? std::get<Refuse>(routed.next).status : 0;
  }
  static std::string hop_uri(const Routed& routed) {
    const auto* hop = std::get_if<OneHop>(&routed.next);
    const auto* by_uri = hop == nullptr ? nullptr : std::get_if<UriHop>(&hop->hop);
    return by_uri == nullptr ? "" : by_uri->uri.print();
  }
  static std::uint64_t hop_flow(const Routed& routed) {
    const auto* hop = std::get_if<OneHop>(&routed.next);
    const auto* phone_hop = hop == nullptr ? nullptr : std::get_if<FlowHop>(&hop->hop);
    return phone_hop == nullptr ? 0 : phone_hop->flow.id;
  }

  DialogTable dialogs_;
  Settings settings_ = test::settings();
  Tokens tokens_{settings_.key};
};

// §16.5: whose domain it is.
TEST_F(RoutingTest, ByRequestUri) {
  for (const auto* own : {"sip:bob@ring.example", "sip:bob@RING.example", "sip:bob@192.0.2.1", "tel:+43123",
                          "sip:bob@ring.example;gr=xyz", "sips:bob@ring.example"}) {
    const auto routed = go(request("INVITE", own));
    ASSERT_TRUE(is<Locate>(routed)) << own;
    EXPECT_TRUE(std::get<Locate>(routed.next).is_responsible) << own;
  }
  for (const auto* foreign : {"sip:bob@other.example", "sip:bob@192.0.2.1:5080", "sip:bob@192.0.2.2"}) {
    const auto routed = go(request("INVITE", foreign));
    ASSERT_TRUE(is<Locate>(routed)) << foreign;
    EXPECT_FALSE(std::get<Locate>(routed.next).is_responsible) << foreign;
  }
}

// What passes from one peer to another goes on within the overlay, and nowhere else.
TEST_F(RoutingTest, OfAnIntermediatePeer) {
  Source passing = peer();
  passing.passes_here = true;
  const auto to = [&](const std::string& next) {
    return request("INVITE", "sip:bob@ring.example", {"Route: <" + next + ";lr>"});
  };
  EXPECT_EQ(hop_uri(go(to("sip:ring.example;gr=other"), passing)), "sip:ring.example;gr=other;lr");
  EXPECT_EQ(refused(go(to("sip:ring.example;gr=other"), peer())), 403u);
  EXPECT_EQ(refused(go(to("sip:other.example;gr=other"), passing)), 403u);
  EXPECT_EQ(refused(go(to("sip:other.example"), passing)), 403u);
}

// §10.3: a REGISTER's Request-URI is the domain alone; §11: an OPTIONS may be for the proxy itself.
TEST_F(RoutingTest, ForThisPeer) {
  EXPECT_TRUE(is<ServeHere>(go(request("REGISTER", "sip:ring.example"))));
  EXPECT_TRUE(is<ServeHere>(go(request("OPTIONS", "sip:192.0.2.1"))));
  EXPECT_TRUE(is<ServeHere>(go(request("OPTIONS", "sip:ring.example;gr=AAAA"), peer())));
  EXPECT_FALSE(is<ServeHere>(go(request("OPTIONS", "sip:192.0.2.1:5080"))));
  EXPECT_FALSE(is<ServeHere>(go(request("REGISTER", "sip:other.example"))));
}

// §16.4: a Route that names this proxy goes, whatever follows stays.
TEST_F(RoutingTest, OwnRouteIsRemoved) {
  const auto preloaded = go(request("INVITE", "sip:bob@ring.example", {"Route: <sip:192.0.2.1;lr>"}));
  EXPECT_TRUE(preloaded.request.routes.empty());
  EXPECT_TRUE(is<Locate>(preloaded));

  const auto further = go(request("INVITE", "sip:bob@other.example",
                                  {"Route: <sip:192.0.2.1;lr>", "Route: <sip:p2.example;lr>"}));
  EXPECT_EQ(further.request.routes.size(), 1u);
  EXPECT_EQ(hop_uri(further), "sip:p2.example;lr");

  const auto other = go(request("INVITE", "sip:bob@ring.example", {"Route: <sip:192.0.2.1:5070;lr>"}));
  EXPECT_EQ(hop_uri(other), "sip:192.0.2.1:5070;lr") << "another port is another element";
}

// §16.4: the sender is a strict router. The Request-URI is what we gave it in Record-Route.
TEST_F(RoutingTest, StrictRouterBeforeUs) {
  const auto routed = go(request("BYE", "sip:" + dialog(2) + "@192.0.2.1;lr",
                                 {"Route: <sip:p2.example;lr>", "Route: <sip:bob@10.0.0.2>"}, "call-1", "b"),
                         phone(2));
  EXPECT_EQ(routed.request.request_uri().print(), "sip:bob@10.0.0.2");
  ASSERT_EQ(routed.request.routes.size(), 1u);
  EXPECT_EQ(hop_uri(routed), "sip:p2.example;lr");
  EXPECT_EQ(refused(go(request("BYE", "sip:" + dialog(2) + "@192.0.2.1;lr", {}, "call-1", "b"))), 404u);
  EXPECT_EQ(refused(go(request("BYE", "sip:" + dialog(2) + "@192.0.2.1;lr", {"Route: <sip:bob@10.0.0.2>"},
                               "call-2", "b"))),
            403u);
}

// §16.4, §16.5: maddr.
TEST_F(RoutingTest, Maddr) {
  const auto own = go(request("INVITE", "sip:bob@ring.example;maddr=192.0.2.1;transport=udp"));
  EXPECT_EQ(own.request.request_uri().print(), "sip:bob@ring.example");
  EXPECT_TRUE(is<Locate>(own));
  const auto over_tcp = go(request("INVITE", "sip:bob@ring.example;maddr=192.0.2.1;transport=tcp"));
  EXPECT_EQ(hop_uri(over_tcp), "sip:bob@ring.example;maddr=192.0.2.1;transport=tcp")
      << "to be sent to that port and transport";
  const auto other = go(request("INVITE", "sip:bob@ring.example;maddr=192.0.2.9"));
  EXPECT_EQ(hop_uri(other), "sip:bob@ring.example;maddr=192.0.2.9");
  EXPECT_EQ(refused(go(request("INVITE", "sip:bob@ring.example;maddr=192.0.2.9"), outsider())), 403u);
}

// RFC 5626 §5.3: incoming where the token's flow is another than the sender's, outgoing where it is the same.
TEST_F(RoutingTest, FlowTokens) {
  const auto in = go(request("BYE", "sip:alice@10.0.0.1", {route_of(dialog(1))}, "call-1", "b"), peer());
  EXPECT_EQ(hop_flow(in), 1u);
  EXPECT_TRUE(std::get<OneHop>(in.next).by_token);
  const auto out = go(request("BYE", "sip:bob@ring.example;gr=x",
                              {route_of(dialog(1)), "Route: <sip:ring.example;gr=BBBB;lr>"}, "call-1", "b"));
  EXPECT_EQ(hop_uri(out), "sip:ring.example;gr=BBBB;lr");
}

// Two phones of one peer: both values are ours, and the second is the other phone's.
TEST_F(RoutingTest, BetweenTwoPhones) {
  const auto routed =
      go(request("BYE", "sip:bob@10.0.0.2", {route_of(dialog(1)), route_of(dialog(2))}, "call-1", "b"));
  EXPECT_EQ(hop_flow(routed), 2u);
  EXPECT_TRUE(routed.request.routes.empty());
  const auto back =
      go(request("BYE", "sip:alice@10.0.0.1", {route_of(dialog(2)), route_of(dialog(1))}, "call-1", "b"),
         phone(2));
  EXPECT_EQ(hop_flow(back), 1u);
  const auto one_socket =
      go(request("BYE", "sip:bob@10.0.0.1", {route_of(dialog(1)), route_of(dialog(1))}, "call-1", "b"));
  EXPECT_EQ(hop_flow(one_socket), 1u) << "two lines of one phone";
}

// RFC 5626 §5.3.1: tampered. A value of Record-Route is good in its dialog only.
TEST_F(RoutingTest, TokensThatAreNotGood) {
  auto changed = dialog(1);
  changed.back() = changed.back() == '0' ? '1' : '0';
  EXPECT_EQ(refused(go(request("BYE", "sip:a@10.0.0.1", {route_of(changed)}, "call-1", "b"), peer())), 403u);
  EXPECT_EQ(refused(go(request("INVITE", "sip:a@10.0.0.1", {route_of(dialog(1))}, "call-2", "b"), peer())),
            403u);
  EXPECT_EQ(refused(go(request("INVITE", "sip:a@10.0.0.1", {route_of(dialog(1))}), peer())), 403u)
      << "a request that is in no dialog";
  EXPECT_EQ(hop_uri(go(request("BYE", "sip:a@10.0.0.1", {"Route: <sip:" + changed + "@p2.example;lr>"},
                               "call-1", "b"))),
            "sip:" + changed + "@p2.example;lr")
      << "another peer's";
  const auto by_path = go(
      request("INVITE", "sip:a@10.0.0.1", {route_of(tokens_.make(PathToken{flow(1)}), ";ob")}), outsider());
  EXPECT_EQ(hop_flow(by_path), 1u) << "Path is for requests that come";
}

// Only own users may send requests anywhere; others go where a dialog leads that was let through.
TEST_F(RoutingTest, NoOpenRelay) {
  const std::vector<std::string> away = {"Route: <sip:192.0.2.1;lr>", "Route: <sip:trunk.example;lr>"};
  EXPECT_EQ(hop_uri(go(request("INVITE", "tel:+43900", away))), "sip:trunk.example;lr");
  EXPECT_EQ(refused(go(request("INVITE", "tel:+43900", away), peer())), 403u);
  EXPECT_EQ(refused(go(request("INVITE", "tel:+43900", away), outsider())), 403u);

  const auto through = [&](Side side, Side other, std::string_view to_tag, std::string_view call_id,
                           const std::string& next = "sip:elsewhere.example;lr") {
    return request(
        "BYE", "sip:+43900@trunk.example",
        {route_of(relay(side, other, ServerHop{"TCP", "trunk.example", 5080})), "Route: <" + next + '>'},
        call_id, to_tag);
  };
  const auto routed = go(through(Side::outside, Side::overlay, "b", "call-1"), peer());
  ASSERT_TRUE(is<OneHop>(routed));
  EXPECT_EQ(std::get<OneHop>(routed.next).hop, (Hop{ServerHop{"TCP", "trunk.example", 5080}}))
      << "wherever the Route says";
  EXPECT_EQ(refused(go(through(Side::overlay, Side::outside, "b", "call-1"), peer())), 403u) << "its own end";
  EXPECT_EQ(refused(go(through(Side::outside, Side::overlay, "", "call-1"), peer())), 403u);
  EXPECT_EQ(refused(go(through(Side::outside, Side::overlay, "b", "call-2"), peer())), 403u);
  EXPECT_EQ(refused(go(through(Side::outside, Side::overlay, "b", "call-1"), outsider())), 403u)
      << "from outside to outside";
  EXPECT_EQ(refused(go(through(Side::outside, Side::phone, "b", "call-1"), peer())), 403u);
  // What is fixed for own users is a phone with an address of its own: no other way is open for them, either.
  const auto own = go(through(Side::outside, Side::phone, "b", "call-1"));
  EXPECT_TRUE(std::holds_alternative<ServerHop>(std::get<OneHop>(own.next).hop));
}

// A dialog through a gateway whose last hop is the Request-URI itself.
TEST_F(RoutingTest, InDialogByRequestUri) {
  const Hop hop = UriHop{uri("sip:trunk.example")};
  const auto message = [&](const std::string& request_uri) {
    return request("BYE", request_uri, {route_of(relay(Side::outside, Side::overlay, hop))}, "call-1", "b");
  };
  EXPECT_EQ(hop_uri(go(message("sip:carol@198.51.100.7"), peer())), "sip:trunk.example");
  EXPECT_TRUE(is<Locate>(go(message("sip:carol@trunk.example"), outsider()))) << "who answers for it decides";
  // The one who was called has answered with that address, behind a server that does not stay in between.
  Target target;
  target.hop = hop;
  auto ok = make_response(request("INVITE"), 200, "b");
  ok.contacts.push_back(*NameAddr::parse("<sip:carol@198.51.100.7>"));
  dialogs_.note(MonoTime{1}, request("INVITE", "sip:x@y", {"Contact: <sip:a@10.0.0.1>"}), ok, target, peer(),
                {});
  EXPECT_EQ(hop_uri(go(message("sip:carol@198.51.100.7"), peer())), "sip:carol@198.51.100.7");
  EXPECT_EQ(hop_uri(go(message("sip:carol@198.51.100.8"), peer())), "sip:trunk.example");
  EXPECT_EQ(hop_uri(go(request("BYE", "sip:carol@198.51.100.7", {}, "call-1", "b"))),
            "sip:carol@198.51.100.7");
}

}  // namespace
}  // namespace ringway::sip::proxy
