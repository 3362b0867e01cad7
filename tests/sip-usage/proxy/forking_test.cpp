// Who is called when: groups by q, breadth, several flows of one phone, servers, redirections (RFC 3261
// §16.5, §16.6; RFC 5393 §5.3; RFC 5626 §7; RFC 3263 §4.3).
#include <gtest/gtest.h>

#include "sip-usage/proxy/proxy.hpp"
#include "sip-usage/registration/gruu.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the stage and its words

using Statuses = std::vector<unsigned>;

std::vector<std::uint64_t> flows_of(const std::vector<StartBranch>& branches) {
  std::vector<std::uint64_t> out;
  for (const auto& branch : branches) {
    const auto* hop = std::get_if<FlowHop>(&branch.hop);
    out.push_back(hop == nullptr ? 0 : hop->flow.id);
  }
  return out;
}
using Flows = std::vector<std::uint64_t>;

unsigned breadth_of(const StartBranch& branch) {
  return static_cast<unsigned>(std::stoul(*branch.request.field("Max-Breadth")));
}

TEST(ForkingTest, Parallel) {
  Stage stage;
  stage.call({binding(2), binding(3), device(1)});
  const auto branches = stage.branches();
  EXPECT_EQ(flows_of(branches), (Flows{2, 3, 0}));
  EXPECT_EQ(branches[0].request.request_uri().print(), "sip:bob@10.0.0.2");
  EXPECT_NE(branches[0].request.vias[0].branch(), branches[1].request.vias[0].branch());
  stage.end(branches[0], 486);
  stage.end(branches[1], 404);
  EXPECT_EQ(stage.statuses(), Statuses{});
  stage.end(branches[2], 480);
  EXPECT_EQ(stage.statuses(), Statuses{486});
}

// By q: the next group when the one before has ended.
TEST(ForkingTest, SerialAfterFailure) {
  Stage stage;
  stage.call({binding(4, 200), binding(2), binding(3), binding(5, 200)});
  auto branches = stage.branches();
  ASSERT_EQ(flows_of(branches), (Flows{2, 3}));
  stage.end(branches[0], 486);
  EXPECT_TRUE(stage.branches().empty());
  stage.end(branches[1], 480);
  branches = stage.branches();
  ASSERT_EQ(flows_of(branches), (Flows{4, 5}));
  stage.end(branches[0], 404);
  stage.end(branches[1], 404);
  EXPECT_EQ(stage.statuses(), Statuses{486});
}

// The next group when the time of the one before is over; that one stops ringing.
TEST(ForkingTest, SerialAfterTime) {
  Stage stage;
  stage.call({binding(2), binding(3, 500)});
  const auto first = stage.branches();
  stage.answer(first[0], 180);
  EXPECT_EQ(stage.statuses(), Statuses{180});
  stage.pass(settings().group_time - Duration{1});
  EXPECT_TRUE(stage.branches().empty());
  stage.pass(Duration{1});
  EXPECT_EQ(stage.one<CancelBranch>().branch, first[0].branch);
  const auto second = stage.branches();
  ASSERT_EQ(flows_of(second), (Flows{3}));
  stage.end(first[0], 487);
  EXPECT_EQ(stage.statuses(), Statuses{});
  stage.pass(settings().group_time * 3);
  EXPECT_TRUE(stage.take<CancelBranch>().empty()) << "the last group rings as long as the caller wants";
  stage.end(second[0], 200);
  EXPECT_EQ(stage.statuses(), Statuses{200});
}

// A group whose time is over before its INVITE has left: it does not leave any more, by no other server
// either.
TEST(ForkingTest, SerialBeforeItWasSent) {
  Stage stage;
  Target slow = binding(2);
  slow.hop = ServerHop{"TCP", "s1", 5060};
  slow.alternatives = {ServerHop{"TCP", "s2", 5060}};
  stage.call({slow, binding(3, 500)});
  const auto first = stage.branches();
  ASSERT_EQ(first.size(), 1u);
  stage.pass(settings().group_time);
  EXPECT_EQ(stage.one<RecallBranch>().branch, first[0].branch);
  const auto second = stage.branches();
  ASSERT_EQ(flows_of(second), (Flows{3}));
  stage.proxy.on_failure(stage.now, first[0].branch, BranchFailure::not_sent);
  EXPECT_TRUE(stage.branches().empty());
  EXPECT_EQ(stage.statuses(), Statuses{});
  stage.end(second[0], 486);
  EXPECT_EQ(stage.statuses(), Statuses{486});
}

// Where nothing rings nothing is cancelled, and the time is short.
TEST(ForkingTest, OtherRequestsGoOnSooner) {
  Stage stage;
  stage.call({binding(2), binding(3, 500)}, request("MESSAGE"));
  const auto first = stage.branches();
  stage.pass(settings().request_group_time);
  EXPECT_TRUE(stage.take<CancelBranch>().empty());
  const auto second = stage.branches();
  ASSERT_EQ(flows_of(second), (Flows{3}));
  stage.end(first[0], 200);
  EXPECT_EQ(stage.statuses(), Statuses{200});
  stage.end(second[0], 200);
  EXPECT_EQ(stage.statuses(), Statuses{}) << "exactly one final response";
}

// §16.5: a target is in the set once.
TEST(ForkingTest, NobodyTwice) {
  Stage stage;
  stage.call({binding(2), binding(2), device(1), device(2), device(1)});
  EXPECT_EQ(stage.branches().size(), 3u);
}

TEST(ForkingTest, NobodyThere) {
  Stage stage;
  stage.call({});
  EXPECT_EQ(stage.statuses(), Statuses{480});
}

// §16.5: a Request-URI that this proxy does not answer for stays; that of an overlay's user does not.
TEST(ForkingTest, ForeignRequestUri) {
  Stage stage;
  const auto foreign = request("INVITE", "sip:carol@other.example");
  stage.call({device(1)}, foreign);
  EXPECT_EQ(stage.branches().at(0).request.request_uri().print(), "sip:carol@other.example");
  stage.start(request("INVITE", "sip:carol@other.example", {}, "call-2"));
  const auto find = stage.one<FindTargets>();
  EXPECT_FALSE(find.is_responsible);
  stage.proxy.on_found(stage.now, find.find, {{device(1)}, true});
  EXPECT_EQ(stage.branches().at(0).request.request_uri().print(), "sip:bob@ring.example");
}

// RFC 5627 §6.1: one device.
TEST(ForkingTest, GruuIsOneDevice) {
  Stage stage;
  stage.call({binding(2, 1000, "<i1>"), binding(3, 1000, "<i2>"), binding(4, 500, "<i1>")},
             request("INVITE", "sip:bob@ring.example;gr=urn-i1"));
  const auto first = stage.branches();
  ASSERT_EQ(flows_of(first), (Flows{2}));
  stage.end(first[0], 430);
  const auto second = stage.branches();
  ASSERT_EQ(flows_of(second), (Flows{4}));
  stage.end(second[0], 486);
  EXPECT_EQ(stage.statuses(), Statuses{486});
}

// RFC 5627 §6.1: in a dialog, too, the Contact takes the place of the GRUU; where it is not known any more
// the flow of the dialog still is.
TEST(ForkingTest, GruuInADialog) {
  const Tokens tokens{settings().key};
  const auto bye = request("BYE", "sip:bob@ring.example;gr=urn-i1",
                           {"Route: <sip:" + tokens.make(DialogToken{flow(2)}, "call-1") + "@192.0.2.1;lr>"},
                           "call-1", "b");
  Stage stage;
  stage.call({binding(3)}, bye, peer());
  const auto known = stage.branches();
  ASSERT_EQ(flows_of(known), (Flows{3}));
  EXPECT_EQ(known[0].request.request_uri().print(), "sip:bob@10.0.0.3");
  stage.call({}, bye, peer());
  const auto unknown = stage.branches();
  ASSERT_EQ(flows_of(unknown), (Flows{2}));
  EXPECT_EQ(unknown[0].request.request_uri().print(), "sip:bob@ring.example;gr=urn-i1");
  stage.start(bye, peer());
  stage.proxy.on_not_found(stage.now, stage.one<FindTargets>().find, 404);
  EXPECT_EQ(flows_of(stage.branches()), (Flows{2}));
}

// RFC 5626 §7: one flow of an instance at a time; the next one when the flow has failed or nobody answered.
TEST(ForkingTest, FlowsOfOneInstance) {
  Stage stage;
  stage.call({binding(2, 1000, "<i1>"), binding(3, 1000, "<i1>"), binding(4, 1000, "<i1>"), binding(5)});
  auto branches = stage.branches();
  ASSERT_EQ(flows_of(branches), (Flows{2, 5}));
  const auto other = branches[1];
  stage.end(branches[0], 430);
  branches = stage.branches();
  ASSERT_EQ(flows_of(branches), (Flows{3}));
  stage.proxy.on_failure(stage.now, branches[0].branch, BranchFailure::unreachable);
  branches = stage.branches();
  ASSERT_EQ(flows_of(branches), (Flows{4}));
  stage.proxy.on_failure(stage.now, branches[0].branch, BranchFailure::flow_failed);
  EXPECT_TRUE(stage.branches().empty());
  stage.end(other, 430);
  EXPECT_EQ(stage.statuses(), Statuses{480}) << "RFC 5626 §11.5: a 430 is not for the caller";
}

TEST(ForkingTest, AnInstanceThatHasAnsweredIsNotAskedAgain) {
  Stage stage;
  stage.call({binding(2, 1000, "<i1>"), binding(3, 1000, "<i1>"), binding(4, 500, "<i1>")});
  stage.end(stage.branches().at(0), 486);
  EXPECT_TRUE(stage.branches().empty());
  EXPECT_EQ(stage.statuses(), Statuses{486});
}

// RFC 5626 §5.3.1: of a request whose Route led to the flow, who sent it learns that the flow is gone.
TEST(ForkingTest, FlowOfARouteFails) {
  Stage stage;
  const Tokens tokens{settings().key};
  const auto user = tokens.make(DialogToken{flow(2)}, "call-1");
  stage.start(request("BYE", "sip:bob@10.0.0.2", {"Route: <sip:" + user + "@192.0.2.1;lr>"}, "call-1", "b"),
              peer());
  const auto branches = stage.branches();
  ASSERT_EQ(flows_of(branches), (Flows{2}));
  stage.proxy.on_failure(stage.now, branches[0].branch, BranchFailure::unreachable);
  EXPECT_EQ(stage.statuses(), Statuses{430});
}

// RFC 3263 §4.3: the next server when one cannot be reached, says nothing or has no room; each is a new
// branch.
TEST(ForkingTest, Servers) {
  Stage stage;
  Target target;
  target.uri = uri("sip:carol@other.example");
  const auto server = [](const std::string& host) { return ServerHop{"UDP", host, 5060}; };
  target.hop = server("s1");
  target.alternatives = {server("s2"), server("s3"), server("s4")};
  stage.call({target}, request("INVITE", "sip:carol@other.example"));
  const auto next = [&] {
    const auto branches = stage.branches();
    EXPECT_EQ(branches.size(), 1u);
    return branches.at(0);
  };
  const auto first = next();
  stage.proxy.on_failure(stage.now, first.branch, BranchFailure::unreachable);
  const auto second = next();
  EXPECT_EQ(std::get<ServerHop>(second.hop).host, "s2");
  EXPECT_NE(second.request.vias[0].branch(), first.request.vias[0].branch());
  stage.end(second, 503);
  const auto third = next();
  stage.proxy.on_failure(stage.now, third.branch, BranchFailure::timed_out);
  stage.end(next(), 404);
  EXPECT_TRUE(stage.branches().empty());
  EXPECT_EQ(stage.statuses(), Statuses{404});
}

// A server that has rung and says 408 has been reached: that is its answer.
TEST(ForkingTest, ServerThatHasRung) {
  Stage stage;
  auto target = device(1);
  target.alternatives = {ServerHop{"UDP", "s2", 5060}};
  stage.call({target});
  const auto branch = stage.branches().at(0);
  stage.answer(branch, 180);
  stage.end(branch, 408);
  EXPECT_TRUE(stage.branches().empty());
  EXPECT_EQ(stage.statuses(), (Statuses{180, 408}));
}

// k_max_alternatives.
TEST(ForkingTest, ServersAtTheBound) {
  Stage stage;
  Target target = device(1);
  target.alternatives.assign(k_max_alternatives + 1, ServerHop{"UDP", "s", 5060});
  stage.call({target});
  std::size_t count = 0;
  for (auto branches = stage.branches(); !branches.empty(); branches = stage.branches()) {
    ++count;
    stage.proxy.on_failure(stage.now, branches.at(0).branch, BranchFailure::unreachable);
  }
  EXPECT_EQ(count, 1 + k_max_alternatives);
  EXPECT_EQ(stage.statuses(), Statuses{500}) << "§16.7 step 6: no 503";
}

std::vector<Target> phones(std::size_t count) {
  std::vector<Target> out;
  for (std::size_t at = 0; at < count; ++at) out.push_back(binding(10 + at));
  return out;
}

// RFC 5393 §5.3.3: what comes in is divided, and never exceeded; what has ended may be used again (§5.3.3.1).
TEST(ForkingTest, MaxBreadth) {
  Stage stage;
  stage.call(phones(3), request("INVITE", "sip:bob@ring.example", {"Max-Breadth: 7"}));
  auto branches = stage.branches();
  ASSERT_EQ(branches.size(), 3u);
  EXPECT_EQ(breadth_of(branches[0]) + breadth_of(branches[1]) + breadth_of(branches[2]), 7u);

  stage.call(phones(8), request("INVITE", "sip:bob@ring.example", {"Max-Breadth: 4"}, "call-2"));
  branches = stage.branches();
  ASSERT_EQ(branches.size(), 4u);
  for (const auto& branch : branches) EXPECT_EQ(breadth_of(branch), 1u);
  stage.answer(branches[0], 486);
  ASSERT_EQ(stage.branches().size(), 1u);

  stage.call(phones(1), request("INVITE", "sip:bob@ring.example", {"Max-Breadth: 600"}, "call-3"));
  EXPECT_EQ(breadth_of(stage.branches().at(0)), k_max_breadth);
  stage.call(phones(1), request("INVITE", "sip:bob@ring.example", {}, "call-4"));
  EXPECT_EQ(breadth_of(stage.branches().at(0)), k_max_breadth) << "where none is said";
}

// A group that has had its time and does not answer its CANCEL leaves room for the next one.
TEST(ForkingTest, MaxBreadthIsKeptForLaterGroups) {
  Stage stage;
  stage.call({binding(2), binding(3, 500)}, request("INVITE", "sip:bob@ring.example", {"Max-Breadth: 2"}));
  EXPECT_EQ(breadth_of(stage.branches().at(0)), 1u);
  stage.pass(settings().group_time);
  EXPECT_EQ(stage.branches().size(), 1u);
}

// RFC 5393 §5.3.3: who cannot be asked one after the other is told.
TEST(ForkingTest, TooNarrow) {
  Stage stage;
  stage.call(phones(5), request("MESSAGE", "sip:bob@ring.example", {"Max-Breadth: 4"}));
  EXPECT_TRUE(stage.branches().empty());
  EXPECT_EQ(stage.statuses(), Statuses{440});
  EXPECT_EQ(stage.proxy.counters().too_narrow, 1u);
  stage.call(phones(4), request("MESSAGE", "sip:bob@ring.example", {"Max-Breadth: 4"}, "call-2"));
  EXPECT_EQ(stage.branches().size(), 4u);
}

// k_max_fork_breadth: the others wait; k_max_branches: the others are left out.
// Shows: SIP-25.
TEST(ForkingTest, ForksAtTheBounds) {
  Stage stage;
  stage.call(phones(k_max_branches + 1));
  auto branches = stage.branches();
  ASSERT_EQ(branches.size(), k_max_fork_breadth);
  EXPECT_EQ(stage.proxy.counters().targets_cut, 1u);
  std::size_t count = 0;
  for (; !branches.empty(); branches = stage.branches())
    for (const auto& branch : branches) {
      ++count;
      stage.end(branch, 486);
    }
  EXPECT_EQ(count, k_max_branches);
  EXPECT_EQ(stage.statuses(), Statuses{486});

  stage.call(phones(k_max_fork_breadth + 1), request("MESSAGE"));
  EXPECT_EQ(stage.statuses(), Statuses{440});
  stage.call(phones(k_max_fork_breadth), request("MESSAGE", "sip:bob@ring.example", {}, "call-3"));
  EXPECT_EQ(stage.branches().size(), k_max_fork_breadth);
}

// k_max_branches holds for servers tried in place of others, too.
TEST(ForkingTest, BranchesAtTheBoundWithServers) {
  Stage stage;
  auto targets = phones(10);
  for (auto& target : targets) {
    target.hop = ServerHop{"UDP", "first", 5060};
    target.alternatives.assign(k_max_alternatives, ServerHop{"UDP", "s", 5060});
  }
  stage.call(targets);
  std::size_t count = 0;
  for (auto branches = stage.branches(); !branches.empty(); branches = stage.branches())
    for (const auto& branch : branches) {
      ++count;
      stage.proxy.on_failure(stage.now, branch.branch, BranchFailure::unreachable);
    }
  EXPECT_EQ(count, k_max_branches);
  EXPECT_EQ(stage.statuses(), Statuses{500});
}

// ---- 3xx

class RedirectTest : public testing::Test {
 protected:
  void redirect(const StartBranch& branch, const std::vector<std::string>& contacts, unsigned status = 302) {
    auto response = make_response(branch.request, status, "r");
    for (const auto& contact : contacts) response.contacts.push_back({{}, uri(contact), {}});
    stage_.proxy.on_response(stage_.now, branch.branch, std::move(response));
    stage_.proxy.on_branch_ended(stage_.now, branch.branch);
  }

  Stage stage_;
};

// §16.7 step 4: for own users, in the place of the branch.
TEST_F(RedirectTest, OfAnOwnPhoneIsFollowed) {
  stage_.call({binding(2), binding(3, 500)});
  redirect(stage_.branches().at(0), {"sip:carol@ring.example"});
  const auto find = stage_.one<FindTargets>();
  EXPECT_EQ(find.uri.print(), "sip:carol@ring.example");
  EXPECT_TRUE(find.is_responsible);
  ASSERT_TRUE(find.redirected_by);
  EXPECT_EQ(find.redirected_by->print(), "sip:bob@10.0.0.2");
  EXPECT_TRUE(stage_.branches().empty());
  stage_.proxy.on_found(stage_.now, find.find, {{binding(4, 100)}, false});
  const auto carol = stage_.branches();
  ASSERT_EQ(flows_of(carol), (Flows{4})) << "before those of a lower q";
  stage_.end(carol[0], 200);
  EXPECT_EQ(stage_.statuses(), Statuses{200});
}

// The peer of the caller follows it, in the overlay; what is outside is the caller's to try.
TEST_F(RedirectTest, OfOthersIsFollowedInTheOverlay) {
  stage_.call({device(1)});
  redirect(stage_.branches().at(0), {"sip:carol@ring.example", "sip:carol@other.example", "tel:+43900"});
  const auto finds = stage_.take<FindTargets>();
  ASSERT_EQ(finds.size(), 1u);
  EXPECT_EQ(finds[0].uri.print(), "sip:carol@ring.example");
  EXPECT_FALSE(finds[0].redirected_by);
  EXPECT_TRUE(finds[0].is_overlay_only);
  stage_.proxy.on_not_found(stage_.now, finds[0].find, 404);
  EXPECT_EQ(stage_.statuses(), Statuses{302});
}

// A phone here was called by another peer: it is that one that has the caller's certificate.
TEST_F(RedirectTest, OfAnOwnPhoneGoesBackToThePeer) {
  stage_.call({binding(2)}, request("INVITE"), peer());
  redirect(stage_.branches().at(0), {"sip:carol@192.0.2.1:5060;transport=udp"});
  EXPECT_TRUE(stage_.take<FindTargets>().empty());
  Message answer;
  for (const auto& each : stage_.take<Respond>()) answer = each.response;
  ASSERT_EQ(answer.status(), 302u);
  ASSERT_EQ(answer.contacts.size(), 1u);
  EXPECT_EQ(answer.contacts[0].uri.print(), "sip:carol@ring.example") << "what this peer's address means";
}

// RFC 3261 §8.3, as a role of the peer: whom it finds elsewhere it tells of; who is here is called.
TEST(RedirectPeerTest, TellsWhereTheyAre) {
  auto with = test::settings();
  with.redirects = true;
  Stage stage(with);
  stage.call({device(1), device(2, 300)});
  EXPECT_TRUE(stage.branches().empty());
  Message answer;
  for (const auto& each : stage.take<Respond>()) answer = each.response;
  ASSERT_EQ(answer.status(), 302u);
  ASSERT_EQ(answer.contacts.size(), 2u);
  const auto gr = write_gr(std::get<PeerHop>(device(1).hop).destinations);
  EXPECT_EQ(answer.contacts[0].uri.parameters.value("gr"), *gr);
  EXPECT_EQ(answer.contacts[1].q_thousandths(), 300u);
  EXPECT_EQ(stage.proxy.counters().redirected, 1u);
  stage.call({binding(2)});
  EXPECT_EQ(stage.branches().size(), 1u);
  stage.call({device(1)}, request("INVITE", "sip:bob@ring.example;gr=" + *gr));  // as it was told
  EXPECT_EQ(stage.branches().size(), 1u);
}

// RFC 5627 §6.1: who calls a GRUU means that device.
TEST_F(RedirectTest, OfAGruuGoesUpstream) {
  stage_.call({binding(2)}, request("INVITE", "sip:bob@ring.example;gr=urn-i1"));
  redirect(stage_.branches().at(0), {"sip:carol@ring.example"});
  EXPECT_TRUE(stage_.take<FindTargets>().empty());
  EXPECT_EQ(stage_.statuses(), Statuses{302});
}

TEST_F(RedirectTest, NobodyThere) {
  stage_.call({binding(2)});
  redirect(stage_.branches().at(0), {"sip:carol@ring.example"});
  stage_.proxy.on_not_found(stage_.now, stage_.one<FindTargets>().find, 404);
  EXPECT_EQ(stage_.statuses(), Statuses{404});
}

// §16.5: each URI once, so it ends; what is not followed is the caller's to try.
TEST_F(RedirectTest, InACircle) {
  stage_.call({binding(2)});
  redirect(stage_.branches().at(0), {"sip:carol@ring.example"});
  stage_.proxy.on_found(stage_.now, stage_.one<FindTargets>().find, {{binding(3)}, false});
  redirect(stage_.branches().at(0), {"sip:bob@ring.example", "sip:carol@ring.example"});
  EXPECT_TRUE(stage_.take<FindTargets>().empty());
  EXPECT_EQ(stage_.statuses(), Statuses{302});
}

TEST_F(RedirectTest, WhatCannotBeFollowedStaysInTheResponse) {
  stage_.call({binding(2)});
  redirect(stage_.branches().at(0), {"sip:carol@ring.example", "mailto:carol@ring.example"});
  stage_.proxy.on_not_found(stage_.now, stage_.one<FindTargets>().find, 404);
  Message best;
  for (const auto& each : stage_.take<Respond>()) best = each.response;
  EXPECT_EQ(best.status(), 302u);
  ASSERT_EQ(best.contacts.size(), 1u);
  EXPECT_EQ(best.contacts[0].uri.scheme, "mailto");
}

// §16.7 step 4: never from sips to sip.
TEST_F(RedirectTest, StaysSecure) {
  stage_.call({binding(2)}, request("INVITE", "sips:bob@ring.example"));
  redirect(stage_.branches().at(0), {"sip:carol@ring.example", "sips:dave@ring.example"});
  EXPECT_EQ(stage_.one<FindTargets>().uri.user, "dave");
}

// k_max_redirections.
// Shows: SIP-25.
TEST_F(RedirectTest, AtTheBound) {
  stage_.call({binding(2)});
  std::vector<std::string> contacts;
  for (std::size_t at = 0; at <= k_max_redirections; ++at)
    contacts.push_back("sip:c" + std::to_string(at) + "@ring.example");
  redirect(stage_.branches().at(0), contacts);
  EXPECT_EQ(stage_.take<FindTargets>().size(), k_max_redirections);
  EXPECT_EQ(stage_.proxy.counters().redirections, k_max_redirections);
  EXPECT_EQ(stage_.proxy.counters().redirections_cut, 1u);
}

}  // namespace
}  // namespace ringway::sip::proxy
