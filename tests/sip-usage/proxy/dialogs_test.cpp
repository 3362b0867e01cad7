// Dialogs whose ends do without the Route that they were given, flows of calls, and the bounds of both.
#include "sip-usage/proxy/dialogs.hpp"

#include <gtest/gtest.h>

#include "sip-usage/registration/gruu.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using test::flow;
using test::phone;

struct Call {
  explicit Call(std::string its_id = "call-1") : id(std::move(its_id)) {}
  Message invite() const {
    return test::request("INVITE", "sip:bob@ring.example", {"Contact: <sip:alice@10.0.0.1>"}, id);
  }
  Message ok(const std::vector<std::string>& session = {}) const {
    auto out = make_response(invite(), 200, "b1");
    out.contacts = {*NameAddr::parse("<sip:bob@10.0.0.2:5070>")};
    for (const auto& seconds : session) out.set_field("Session-Expires", seconds);
    return out;
  }
  Message bye() const { return test::request("BYE", "sip:bob@192.0.2.1", {}, id, "b1"); }
  Message bye_of_bob() const {
    auto out = bye();
    std::swap(out.from, out.to);
    return out;
  }
  std::string id;
};

class DialogsTest : public testing::Test {
 protected:
  void begin(const Call& call, const Target& target, const Source& source = phone(1)) {
    dialogs_.note(now_, call.invite(), call.ok(), target, source,
                  hop_to_caller(call.invite(), source, test::settings()));
  }
  std::string uri_of(const Message& request, const Source& source) const {
    const auto way = dialogs_.way(request, source);
    return way ? way->uri.print() : "";
  }
  MonoTime now_{1000};
  DialogTable dialogs_;
};

TEST_F(DialogsTest, LeadBothWays) {
  const Call call;
  begin(call, test::binding(2));
  const auto way = dialogs_.way(call.bye(), phone(1));
  ASSERT_TRUE(way);
  EXPECT_EQ(way->hop, (Hop{FlowHop{flow(2)}}));
  EXPECT_EQ(way->uri.print(), "sip:bob@10.0.0.2:5070");
  EXPECT_EQ(uri_of(call.bye_of_bob(), phone(2)), "sip:alice@10.0.0.1");
  // Nobody else's: by the tags, by the flow.
  EXPECT_EQ(uri_of(call.bye(), phone(2)), "");
  EXPECT_EQ(uri_of(call.bye(), test::outsider()), "");
  EXPECT_EQ(uri_of(call.bye_of_bob(), phone(1)), "");
  EXPECT_EQ(uri_of(test::request("BYE", "sip:bob@192.0.2.1", {}, "call-1", "b2"), phone(1)), "");
  EXPECT_EQ(uri_of(test::request("BYE", "sip:bob@192.0.2.1", {}, "call-1"), phone(1)), "");
  dialogs_.end(call.bye_of_bob());
  EXPECT_EQ(uri_of(call.bye(), phone(1)), "");
  EXPECT_FALSE(dialogs_.next_wake());
}

// A phone that is reached by its address, not over a flow of its own, is a user's all the same; a trunk is
// not.
TEST_F(DialogsTest, SayWhoseTheirEndsAre) {
  const Call of_phone, of_trunk("call-2"), of_stranger("call-3");
  auto target = test::binding(2);
  target.hop = ServerHop{"UDP", "10.0.0.80", 5060};
  begin(of_trunk, target);
  target.user = "bob@ring.example";
  begin(of_phone, target);
  begin(of_stranger, target, test::outsider(7));
  EXPECT_EQ(dialogs_.side_of(of_phone.bye(), phone(1)), Side::phone);
  EXPECT_EQ(dialogs_.side_of(of_phone.bye_of_bob(), test::outsider(80)), Side::phone);
  EXPECT_EQ(dialogs_.side_of(of_trunk.bye_of_bob(), test::outsider(80)), Side::outside);
  EXPECT_EQ(dialogs_.side_of(of_stranger.bye(), test::outsider(7)), Side::outside);
  EXPECT_FALSE(dialogs_.side_of(of_phone.bye_of_bob(), test::outsider(7)));
  EXPECT_FALSE(dialogs_.side_of(of_phone.bye(), test::outsider(7)));
}

// The next peer knows its users by their addresses.
TEST_F(DialogsTest, ThroughAnotherPeer) {
  const Call call;
  begin(call, test::device(7));
  EXPECT_EQ(uri_of(call.bye(), phone(1)), "sip:bob@ring.example");
  auto source = test::peer();
  source.flow.remote =
      std::get<wire::NodeDestination>(std::get<PeerHop>(test::device(7).hop).destinations[0]).node.hex();
  EXPECT_EQ(uri_of(call.bye_of_bob(), source), "sip:alice@10.0.0.1");
  EXPECT_EQ(uri_of(call.bye_of_bob(), test::peer(5)), "");
}

// Its phone hides from the other side: what it sends goes by the Route, or is at least known to be of such a
// dialog.
TEST_F(DialogsTest, OfWhoHides) {
  const auto of_device = std::get<PeerHop>(test::device(7).hop).destinations;
  const auto route_of = [&](std::size_t size_bytes) {
    NameAddr first = *NameAddr::parse("<sip:ring.example;gr=" + *write_gr(of_device) + ";lr>");
    first.uri.parameters.add({"x", std::string(size_bytes - first.print().size() - 3, 'y')});
    return std::vector<NameAddr>{first};
  };
  for (const std::size_t more : {0U, 1U}) {
    const Call call("call-" + std::to_string(more));
    const auto route = route_of(k_max_dialog_bytes + more);
    EXPECT_EQ(dialogs_.is_hidden(call.bye()), std::nullopt);
    dialogs_.note(now_, call.invite(), call.ok(), test::device(8), phone(1), {}, route);
    EXPECT_EQ(dialogs_.is_hidden(call.bye()), true);
    const auto way = dialogs_.way(call.bye(), phone(1));
    ASSERT_TRUE(way);
    EXPECT_EQ(way->routes.size(), more == 0 ? 1U : 0U);
    EXPECT_EQ(way->hop, more == 0 ? Hop(PeerHop{of_device}) : test::device(8).hop);
    EXPECT_EQ(way->uri.print(), more == 0 ? "sip:bob@10.0.0.2:5070" : "sip:bob@ring.example");
  }
  const Call plain("call-3");
  begin(plain, test::device(8));
  EXPECT_EQ(dialogs_.is_hidden(plain.bye_of_bob()), false);
}

TEST_F(DialogsTest, EndWithTheirSession) {
  const Call call, timed("call-2");
  begin(call, test::binding(2));
  dialogs_.note(now_, timed.invite(), timed.ok({"1800;refresher=uac"}), test::binding(3), phone(1), {});
  const auto half = Duration(900'000);
  now_ = now_ + half;
  dialogs_.note(now_, timed.bye_of_bob(), timed.ok({"1800"}), test::binding(3), phone(3), {});  // renewed
  now_ = now_ + 2 * half + k_session_grace - Duration{1};
  dialogs_.on_timer(now_);
  EXPECT_NE(uri_of(timed.bye(), phone(1)), "");
  now_ = now_ + Duration{1};
  dialogs_.on_timer(now_);
  EXPECT_EQ(uri_of(timed.bye(), phone(1)), "");
  EXPECT_NE(uri_of(call.bye(), phone(1)), "");
  dialogs_.on_timer(MonoTime{1000} + k_dialog_time);
  EXPECT_EQ(dialogs_.size().size, 0u);
}

TEST_F(DialogsTest, HoldFlowsOfCalls) {
  const Call first, second("call-2");
  begin(first, test::binding(2));
  begin(second, test::device(7));
  EXPECT_EQ(dialogs_.take_holds().size(), 2u);  // of alice once, of bob; not of the peer
  EXPECT_TRUE(dialogs_.is_in_call(flow(1)));
  dialogs_.end(first.bye());
  const auto holds = dialogs_.take_holds();
  ASSERT_EQ(holds.size(), 1u);
  EXPECT_EQ(holds[0].flow, flow(2));
  EXPECT_FALSE(holds[0].held);
  dialogs_.end(second.bye());
  EXPECT_FALSE(dialogs_.is_in_call(flow(1)));
}

TEST_F(DialogsTest, HaveABound) {
  for (std::size_t at = 0; at <= k_max_dialogs; ++at)
    begin(Call("call-" + std::to_string(at)), test::binding(1'000 + at), phone(1));
  EXPECT_EQ(dialogs_.size().size, k_max_dialogs);
  EXPECT_EQ(uri_of(Call("call-0").bye(), phone(1)), "");
  EXPECT_NE(uri_of(Call("call-1").bye(), phone(1)), "");
  EXPECT_TRUE(dialogs_.is_in_call(flow(1)));
  EXPECT_TRUE(dialogs_.is_in_call(flow(1'000 + k_max_flows_in_calls - 2)));
  EXPECT_FALSE(dialogs_.is_in_call(flow(1'000 + k_max_flows_in_calls - 1)));
  // Of connections with peers fewer.
  DialogTable others;
  const auto peer_flow = [](std::size_t at) {
    return NetworkFlow{at, {"TLS", "ring.example", std::nullopt}, "node" + std::to_string(at)};
  };
  for (std::size_t at = 0; at <= k_max_peers_in_calls; ++at) {
    const Call call("of-peer-" + std::to_string(at));
    auto target = test::binding(2);
    target.over = peer_flow(at);
    others.note(now_, call.invite(), call.ok(), target, phone(1), std::nullopt);
  }
  EXPECT_TRUE(others.is_in_call(peer_flow(k_max_peers_in_calls - 1)));
  EXPECT_FALSE(others.is_in_call(peer_flow(k_max_peers_in_calls)));
  EXPECT_TRUE(others.is_in_call(flow(2)));
  others.end(Call("of-peer-0").bye());
  others.note(now_, Call("one-more").invite(), Call("one-more").ok(), test::binding(2),
              {Side::overlay, peer_flow(k_max_peers_in_calls + 1)}, std::nullopt);
  EXPECT_TRUE(others.is_in_call(peer_flow(k_max_peers_in_calls + 1)));

  begin(Call(std::string(k_max_dialog_bytes, 'x')), test::binding(2), phone(1));
  EXPECT_EQ(uri_of(Call(std::string(k_max_dialog_bytes, 'x')).bye(), phone(1)), "");
}

}  // namespace
}  // namespace ringway::sip::proxy
