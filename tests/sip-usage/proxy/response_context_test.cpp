// Responses, CANCEL and time (RFC 3261 §16.7 to §16.10, §9; RFC 6026; RFC 4320).
#include "sip-usage/proxy/response_context.hpp"

#include <gtest/gtest.h>

#include "sip-usage/proxy/proxy.hpp"
#include "tests/sip-usage/proxy/stage.hpp"

namespace ringway::sip::proxy {
namespace {

using namespace test;  // NOLINT(google-build-using-namespace): the stage and its words

using Statuses = std::vector<unsigned>;

std::vector<BranchId> cancelled(Stage& stage) {
  std::vector<BranchId> out;
  for (const auto& each : stage.take<CancelBranch>()) out.push_back(each.branch);
  return out;
}
using Ids = std::vector<BranchId>;

// §16.7 steps 3 and 5: what goes upstream at once, and as what.
TEST(ResponseTest, ProvisionalAndSuccess) {
  Stage stage;
  stage.call({binding(2)});
  const auto branch = stage.branches().at(0);
  stage.answer(branch, 100);
  EXPECT_EQ(stage.take<Respond>().size(), 1u) << "our own 100; no other is forwarded";
  auto ringing = make_response(branch.request, 180, "b1");
  ringing.vias.push_back(ringing.vias.front());  // whatever others make of it
  stage.proxy.on_response(stage.now, branch.branch, ringing);
  const auto forwarded = stage.one<Respond>().response;
  EXPECT_EQ(forwarded.status(), 180u);
  EXPECT_EQ(forwarded.to.tag(), "b1");
  ASSERT_EQ(forwarded.vias.size(), 1u);
  EXPECT_EQ(forwarded.vias[0].branch(), "z9hG4bKcall-1INVITE");
  stage.answer(branch, 200);
  const auto ok = stage.one<Respond>().response;
  EXPECT_EQ(ok.status(), 200u);
  EXPECT_EQ(ok.record_routes.size(), 2u);
}

// RFC 6026: each 2xx to an INVITE goes upstream, repeated ones and those of other branches.
TEST(ResponseTest, EverySuccessGoesUpstream) {
  Stage stage;
  const auto server = stage.call({binding(2), binding(3)});
  const auto branches = stage.branches();
  stage.answer(branches[0], 200);
  stage.answer(branches[0], 200);
  stage.answer(branches[1], 200);
  EXPECT_EQ(stage.statuses(), (Statuses{200, 200, 200}));
  stage.proxy.on_server_ended(stage.now, server);
  stage.answer(branches[0], 200);
  EXPECT_EQ(stage.statuses(), Statuses{}) << "RFC 6026 §8.3";
  EXPECT_EQ(stage.proxy.counters().late_responses, 1u);
  EXPECT_EQ(stage.proxy.context_count(), 1u) << "§16.7 step 9: as long as a transaction lives";
  stage.proxy.on_branch_ended(stage.now, branches[0].branch);
  stage.proxy.on_branch_ended(stage.now, branches[1].branch);
  EXPECT_EQ(stage.proxy.context_count(), 0u);
  EXPECT_FALSE(stage.proxy.next_wake());
}

// Step 10: a 2xx cancels who still rings, once; nobody else is asked.
TEST(ResponseTest, SuccessCancelsTheOthers) {
  Stage stage;
  stage.call({binding(2), binding(3), binding(4), binding(5, 100)});
  const auto branches = stage.branches();
  stage.answer(branches[1], 180);
  stage.answer(branches[0], 200);
  EXPECT_EQ(cancelled(stage), Ids{branches[1].branch});
  EXPECT_EQ(stage.statuses(), (Statuses{180, 200}));
  stage.answer(branches[2], 100);
  EXPECT_EQ(cancelled(stage), Ids{branches[2].branch}) << "§9.1: it has waited for a provisional response";
  stage.answer(branches[2], 180);
  stage.end(branches[1], 487);
  stage.end(branches[2], 487);
  EXPECT_EQ(cancelled(stage), Ids{});
  EXPECT_EQ(stage.statuses(), Statuses{});
  EXPECT_TRUE(stage.branches().empty());
}

// Step 5: a 6xx waits until the others have ended; a 2xx that was faster than the CANCEL wins.
TEST(ResponseTest, SixHundreds) {
  Stage stage;
  stage.call({binding(2), binding(3), binding(4, 100)});
  auto branches = stage.branches();
  stage.answer(branches[1], 180);
  stage.end(branches[0], 603);
  EXPECT_EQ(cancelled(stage), Ids{branches[1].branch});
  EXPECT_EQ(stage.statuses(), Statuses{180});
  stage.end(branches[1], 487);
  EXPECT_EQ(stage.statuses(), Statuses{603});
  EXPECT_TRUE(stage.branches().empty());

  stage.call({binding(2), binding(3)}, request("INVITE", "sip:bob@ring.example", {}, "call-2"));
  branches = stage.branches();
  stage.answer(branches[1], 180);
  stage.end(branches[0], 600);
  stage.answer(branches[1], 200);
  EXPECT_EQ(stage.statuses(), (Statuses{180, 200}));
}

// Step 7.
TEST(ResponseTest, ChallengesOfAll) {
  Stage stage;
  stage.call({binding(2), binding(3), binding(4)});
  const auto branches = stage.branches();
  stage.end(branches[0], 401, {{"WWW-Authenticate", "Digest realm=\"a\""}});
  stage.end(branches[1], 486);
  stage.end(branches[2], 407, {{"Proxy-Authenticate", "Digest realm=\"b\""}});
  const auto all = stage.take<Respond>();
  const auto& best = all.back().response;
  EXPECT_EQ(best.status(), 401u);
  EXPECT_NE(best.field("WWW-Authenticate"), nullptr);
  EXPECT_NE(best.field("Proxy-Authenticate"), nullptr);
}

// Step 6: a 503 does not go upstream, and a branch without an answer counts as 408. Of a device whose peer is
// gone the caller reads that its user is not there.
TEST(ResponseTest, OwnResponses) {
  const std::vector<std::pair<BranchFailure, unsigned>> table = {{BranchFailure::timed_out, 408},
                                                                 {BranchFailure::unreachable, 480}};
  for (const auto& [failure, expected] : table) {
    Stage stage;
    stage.call({device(1)});
    stage.proxy.on_failure(stage.now, stage.branches().at(0).branch, failure);
    EXPECT_EQ(stage.statuses(), Statuses{expected});
  }
  Stage stage;
  stage.call({device(1)});
  stage.end(stage.branches().at(0), 503);
  EXPECT_EQ(stage.statuses(), Statuses{500});
}

// Nobody of two devices can be reached; one of them says more; the way of a dialog is no device of a user.
TEST(ResponseTest, DevicesThatCannotBeReached) {
  for (const unsigned other : {0U, 486U, 603U}) {
    Stage stage;
    stage.call({device(1), device(2)});
    const auto branches = stage.branches();
    ASSERT_EQ(branches.size(), 2u);
    stage.proxy.on_failure(stage.now, branches[0].branch, BranchFailure::unreachable);
    if (other == 0)
      stage.proxy.on_failure(stage.now, branches[1].branch, BranchFailure::unreachable);
    else
      stage.end(branches[1], other);
    EXPECT_EQ(stage.statuses(), Statuses{other == 0 ? 480U : other});
  }
  Stage stage;
  stage.call({device(1)}, request("INVITE", "sip:bob@ring.example", {}, "call-1", "b1"));
  stage.proxy.on_failure(stage.now, stage.branches().at(0).branch, BranchFailure::unreachable);
  EXPECT_EQ(stage.statuses(), Statuses{500}) << "RFC 5057 §5.1: the dialog goes on";
}

// RFC 4320 §4.1: no 408 to other requests; nobody waits for it any more.
TEST(ResponseTest, OtherRequestsAreLeftUnanswered) {
  Stage stage;
  const auto server = stage.call({device(1)}, request("MESSAGE"));
  stage.proxy.on_failure(stage.now, stage.branches().at(0).branch, BranchFailure::timed_out);
  EXPECT_EQ(stage.statuses(), Statuses{});
  EXPECT_EQ(stage.one<EndServer>().server, server);
  EXPECT_EQ(stage.proxy.counters().left_unanswered, 1u);
  stage.proxy.on_server_ended(stage.now, server);
  EXPECT_EQ(stage.proxy.context_count(), 0u);
}

// A second final response of a branch changes nothing.
TEST(ResponseTest, OneFinalResponseOfABranch) {
  Stage stage;
  stage.call({binding(2), binding(3)});
  const auto branches = stage.branches();
  stage.answer(branches[0], 486);
  stage.answer(branches[0], 600);
  stage.answer(branches[0], 180);
  stage.answer(branches[0], 200);
  stage.answer(branches[1], 404);
  EXPECT_EQ(stage.statuses(), Statuses{486});
}

// ---- CANCEL

TEST(CancelTest, RingingPhones) {
  Stage stage;
  const auto invite = stage.call({binding(2), binding(3, 100)});
  const auto branches = stage.branches();
  stage.answer(branches[0], 180);
  stage.statuses();
  const auto cancel = stage.cancel(invite);
  const auto ok = stage.one<Respond>();
  EXPECT_EQ(ok.server, cancel);
  EXPECT_EQ(ok.response.status(), 200u);
  EXPECT_EQ(ok.response.cseq.method, "CANCEL");
  EXPECT_EQ(cancelled(stage), Ids{branches[0].branch});
  stage.cancel(invite);
  EXPECT_EQ(cancelled(stage), Ids{}) << "each branch once";
  stage.statuses();
  stage.end(branches[0], 487);
  EXPECT_EQ(stage.statuses(), Statuses{487});
  EXPECT_TRUE(stage.branches().empty());
}

TEST(CancelTest, BeforeAnyoneWasFound) {
  Stage stage;
  const auto invite = stage.start(request("INVITE"));
  const auto find = stage.one<FindTargets>();
  stage.cancel(invite);
  EXPECT_EQ(stage.one<DropFind>().find, find.find);
  EXPECT_EQ(stage.statuses(), (Statuses{200, 487}));
  stage.proxy.on_found(stage.now, find.find, {{binding(2)}, false});
  EXPECT_TRUE(stage.branches().empty());
  stage.proxy.on_server_ended(stage.now, invite);
  EXPECT_EQ(stage.proxy.context_count(), 0u);
}

// §9.1: not before a provisional response.
TEST(CancelTest, BeforeAProvisionalResponse) {
  Stage stage;
  const auto invite = stage.call({binding(2), binding(3)});
  const auto branches = stage.branches();
  stage.cancel(invite);
  EXPECT_EQ(cancelled(stage), Ids{});
  stage.answer(branches[0], 183);
  EXPECT_EQ(cancelled(stage), Ids{branches[0].branch});
  EXPECT_EQ(stage.statuses(), (Statuses{200, 183}));
  stage.end(branches[0], 487);
  stage.proxy.on_failure(stage.now, branches[1].branch, BranchFailure::timed_out);
  EXPECT_EQ(stage.statuses(), Statuses{487});
}

// Whoever has sent nothing yet need not.
TEST(CancelTest, BeforeTheRequestWasSent) {
  Stage stage;
  const auto invite = stage.call({binding(2), binding(3)});
  const auto branches = stage.branches();
  stage.answer(branches[0], 180);
  EXPECT_EQ(stage.statuses(), Statuses{180});
  stage.cancel(invite);
  EXPECT_EQ(cancelled(stage), Ids{branches[0].branch});
  EXPECT_EQ(stage.one<RecallBranch>().branch, branches[1].branch);
  EXPECT_TRUE(stage.proxy.waits_for(branches[1].branch));
  stage.proxy.on_failure(stage.now, branches[1].branch, BranchFailure::not_sent);
  EXPECT_FALSE(stage.proxy.waits_for(branches[1].branch));
  EXPECT_EQ(stage.statuses(), Statuses{200}) << "of the CANCEL";
  stage.end(branches[0], 487);
  EXPECT_EQ(stage.statuses(), Statuses{487});
  EXPECT_TRUE(stage.take<RecallBranch>().empty());

  const auto alone = stage.call({binding(4)}, request("INVITE", "sip:bob@ring.example", {}, "call-2"));
  const auto only = stage.branches().at(0);
  stage.cancel(alone);
  EXPECT_EQ(stage.one<RecallBranch>().branch, only.branch);
  stage.proxy.on_failure(stage.now, only.branch, BranchFailure::not_sent);
  EXPECT_EQ(stage.statuses(), (Statuses{200, 487}));
}

// The callee was faster.
TEST(CancelTest, CrossesASuccess) {
  Stage stage;
  const auto invite = stage.call({binding(2)});
  const auto branch = stage.branches().at(0);
  stage.answer(branch, 180);
  stage.cancel(invite);
  stage.answer(branch, 200);
  EXPECT_EQ(stage.statuses(), (Statuses{180, 200, 200}));
  EXPECT_EQ(stage.proxy.counters().late_responses, 0u);
}

// §9.2: a late CANCEL is answered and has no effect; so is one of another request.
TEST(CancelTest, WithoutEffect) {
  Stage stage;
  auto server = stage.call({binding(2), binding(3)});
  auto branches = stage.branches();
  stage.answer(branches[1], 180);
  stage.answer(branches[0], 200);
  cancelled(stage);
  stage.statuses();
  stage.cancel(server);
  EXPECT_EQ(cancelled(stage), Ids{});
  EXPECT_EQ(stage.statuses(), Statuses{200});
  server = stage.call({binding(2)}, request("MESSAGE"));
  branches = stage.branches();
  stage.cancel(server);
  stage.end(branches[0], 202);
  EXPECT_EQ(stage.statuses(), (Statuses{200, 202}));
}

// What a phone says is worth more than that the caller has hung up, as long as it says something.
TEST(CancelTest, BestOfWhatCame) {
  Stage stage;
  const auto invite = stage.call({binding(2), binding(3)});
  const auto branches = stage.branches();
  stage.end(branches[0], 486);
  stage.cancel(invite);
  stage.proxy.on_failure(stage.now, branches[1].branch, BranchFailure::unreachable);
  EXPECT_EQ(stage.statuses(), (Statuses{200, 486}));
}

// ---- time

// §16.6 step 11, §16.7 step 2, §16.8.
TEST(TimerTest, TimerC) {
  Stage stage;
  stage.call({binding(2)});
  const auto branch = stage.branches().at(0);
  const auto timer_c = settings().timer_c;
  stage.answer(branch, 180);
  stage.pass(timer_c - Duration{1});
  stage.answer(branch, 100);  // does not reset it
  stage.answer(branch, 183);
  stage.pass(timer_c - Duration{1});
  EXPECT_EQ(cancelled(stage), Ids{});
  stage.answer(branch, 100);
  stage.pass(Duration{1});
  EXPECT_EQ(cancelled(stage), Ids{branch.branch});
  EXPECT_EQ(stage.proxy.counters().timer_c, 1u);
  stage.statuses();
  stage.end(branch, 487);
  EXPECT_EQ(stage.statuses(), Statuses{487});
}

// §16.8: without a provisional response as if a 408 had come; §9.1: with a CANCEL, 64*T1 later.
TEST(TimerTest, BranchesThatStaySilent) {
  Stage stage;
  stage.call({binding(2)});
  auto branch = stage.branches().at(0);
  stage.pass(settings().timer_c);
  EXPECT_EQ(stage.one<EndBranch>().branch, branch.branch);
  EXPECT_EQ(stage.statuses(), Statuses{408});

  const auto invite = stage.call({binding(2)}, request("INVITE", "sip:bob@ring.example", {}, "call-2"));
  branch = stage.branches().at(0);
  stage.answer(branch, 180);
  stage.cancel(invite);
  stage.statuses();
  stage.pass(settings().cancel_time - Duration{1});
  EXPECT_TRUE(stage.take<EndBranch>().empty());
  stage.pass(Duration{1});
  EXPECT_EQ(stage.one<EndBranch>().branch, branch.branch);
  EXPECT_EQ(stage.statuses(), Statuses{487});
  stage.proxy.on_server_ended(stage.now, invite);
  EXPECT_EQ(stage.proxy.context_count(), 1u) << "the other one";
}

// §16.6 step 11: more than 3 minutes, whatever is set.
TEST(TimerTest, TimerCHasALeast) {
  auto hasty = settings();
  hasty.timer_c = Duration{1000};
  Stage stage(hasty);
  stage.call({binding(2)});
  stage.pass(Duration{180'000});
  EXPECT_TRUE(stage.take<EndBranch>().empty());
  stage.pass(Duration{1});
  EXPECT_EQ(stage.take<EndBranch>().size(), 1u);
}

TEST(TimerTest, SilentLocationService) {
  Stage stage;
  stage.start(request("MESSAGE"));
  const auto find = stage.one<FindTargets>();
  stage.pass(settings().find_time);
  EXPECT_EQ(stage.one<DropFind>().find, find.find);
  EXPECT_EQ(stage.statuses(), Statuses{504});
  EXPECT_EQ(stage.proxy.counters().find_timeouts, 1u);
}

// §16.9: that an answer could not be sent cancels nothing; nobody else is asked, and it ends.
TEST(TimerTest, ServerTransactionIsGone) {
  Stage stage;
  const auto server = stage.call({binding(2), binding(3, 100)});
  const auto branch = stage.branches().at(0);
  stage.answer(branch, 180);
  stage.proxy.on_server_ended(stage.now, server);
  EXPECT_EQ(cancelled(stage), Ids{});
  stage.end(branch, 486);
  EXPECT_TRUE(stage.branches().empty());
  EXPECT_EQ(stage.proxy.context_count(), 0u);
}

}  // namespace
}  // namespace ringway::sip::proxy
