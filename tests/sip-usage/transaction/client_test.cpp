// RFC 3261 figures 5 (as RFC 6026 changes it) and 6: every state and every event.
#include "sip-usage/transaction/client.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/transaction/steps.hpp"

namespace ringway::sip {
namespace {

using test::k_never;
using test::ms;
using test::request;
using test::response;
using test::said;
using test::until;

constexpr auto k_unreliable = Transport::unreliable, k_reliable = Transport::reliable;

InviteClient invite(Transport transport = k_unreliable) {
  InviteClient machine(request("INVITE"), transport, {});
  EXPECT_EQ(said(machine.start({0})), "send INVITE");
  return machine;
}

InviteClient invite_after(unsigned status, Transport transport = k_unreliable) {
  auto machine = invite(transport);
  machine.on_response({100}, response(status));
  return machine;
}

using Invite = InviteClient::State;

TEST(InviteClient, CallingRetransmitsAndGivesUp) {
  auto machine = invite();
  EXPECT_EQ(until(machine, 100'000),
            "500 send INVITE; 1500 send INVITE; 3500 send INVITE; 7500 send INVITE; 15500 send INVITE; 31500 "
            "send INVITE; "
            "32000 timeout");
  EXPECT_EQ(machine.state(), Invite::terminated);
  auto reliable = invite(k_reliable);
  EXPECT_EQ(until(reliable, 100'000), "32000 timeout");
}

TEST(InviteClient, Calling) {
  auto machine = invite();
  EXPECT_EQ(said(machine.on_response({1}, response(100))), "tell 100");
  EXPECT_EQ(machine.state(), Invite::proceeding);
  machine = invite();
  EXPECT_EQ(said(machine.on_response({1}, response(200))), "tell 200");
  EXPECT_EQ(machine.state(), Invite::accepted);
  machine = invite();
  EXPECT_EQ(said(machine.on_response({1}, response(300))), "send ACK, tell 300");
  EXPECT_EQ(machine.state(), Invite::completed);
  machine = invite();
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_TRUE(machine.ended());
  EXPECT_EQ(said(invite().on_timer({499})), "");
}

TEST(InviteClient, Proceeding) {
  auto machine = invite_after(180);
  EXPECT_EQ(ms(machine.next_wake()), k_never) << "no timer: the user limits it";
  EXPECT_EQ(said(machine.on_response({200}, response(183))), "tell 183");
  EXPECT_EQ(said(machine.on_transport_error()), "");
  EXPECT_EQ(said(machine.on_timer({900'000})), "");
  EXPECT_EQ(machine.state(), Invite::proceeding);
  EXPECT_EQ(said(machine.on_response({300}, response(200))), "tell 200");
  EXPECT_EQ(machine.state(), Invite::accepted);
  machine = invite_after(180);
  EXPECT_EQ(said(machine.on_response({300}, response(699))), "send ACK, tell 699");
  EXPECT_EQ(machine.state(), Invite::completed);
}

TEST(InviteClient, Completed) {
  auto machine = invite_after(486);
  EXPECT_EQ(said(machine.on_response({200}, response(486))), "send ACK") << "again, and told nobody";
  EXPECT_EQ(said(machine.on_response({200}, response(404))), "send ACK");
  EXPECT_EQ(said(machine.on_response({200}, response(180))), "");
  EXPECT_EQ(said(machine.on_response({200}, response(200))), "");
  EXPECT_EQ(machine.state(), Invite::completed);
  EXPECT_EQ(until(machine, 100'000), "32100 end") << "timer D";
  machine = invite_after(486);
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_TRUE(machine.ended());
  EXPECT_TRUE(invite_after(486, k_reliable).ended()) << "timer D is zero";
}

// RFC 6026.
TEST(InviteClient, Accepted) {
  for (const auto transport : {k_unreliable, k_reliable}) {
    auto machine = invite_after(200, transport);
    EXPECT_EQ(said(machine.on_response({200}, response(200))), "tell 200") << "again, or another branch's";
    EXPECT_EQ(said(machine.on_response({200}, response(180))), "");
    EXPECT_EQ(said(machine.on_response({200}, response(486))), "");
    EXPECT_EQ(said(machine.on_transport_error()), "");
    EXPECT_EQ(machine.state(), Invite::accepted);
    EXPECT_EQ(until(machine, 100'000), "32100 end") << "timer M";
  }
}

TEST(InviteClient, TimerDIsNoShorterThanTheTimeout) {
  TimerSettings slow;
  slow.t1 = Duration{1'000};
  InviteClient machine(request("INVITE"), k_unreliable, slow);
  machine.start({0});
  machine.on_response({0}, response(486));
  EXPECT_EQ(ms(machine.next_wake()), 64'000);
}

NonInviteClient other(Transport transport = k_unreliable) {
  NonInviteClient machine(request("OPTIONS"), transport, {});
  EXPECT_EQ(said(machine.start({0})), "send OPTIONS");
  return machine;
}

NonInviteClient other_after(unsigned status, Transport transport = k_unreliable) {
  auto machine = other(transport);
  machine.on_response({100}, response(status, "OPTIONS"));
  return machine;
}

using Other = NonInviteClient::State;

TEST(NonInviteClient, TryingRetransmitsAndGivesUp) {
  auto machine = other();
  EXPECT_EQ(
      until(machine, 100'000),
      "500 send OPTIONS; 1500 send OPTIONS; 3500 send OPTIONS; 7500 send OPTIONS; 11500 send OPTIONS; "
      "15500 send OPTIONS; 19500 send OPTIONS; 23500 send OPTIONS; 27500 send OPTIONS; 31500 send OPTIONS; "
      "32000 timeout");
  auto reliable = other(k_reliable);
  EXPECT_EQ(until(reliable, 100'000), "32000 timeout");
}

TEST(NonInviteClient, Trying) {
  auto machine = other();
  EXPECT_EQ(said(machine.on_response({1}, response(100, "OPTIONS"))), "tell 100");
  EXPECT_EQ(machine.state(), Other::proceeding);
  machine = other();
  EXPECT_EQ(said(machine.on_response({1}, response(404, "OPTIONS"))), "tell 404");
  EXPECT_EQ(machine.state(), Other::completed);
  machine = other();
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_TRUE(machine.ended());
}

TEST(NonInviteClient, Proceeding) {
  auto machine = other_after(100);
  EXPECT_EQ(until(machine, 10'000), "500 send OPTIONS; 4500 send OPTIONS; 8500 send OPTIONS") << "each T2";
  EXPECT_EQ(said(machine.on_response({10'000}, response(183, "OPTIONS"))), "tell 183");
  EXPECT_EQ(until(machine, 100'000).substr(0, 20), "12500 send OPTIONS; ");
  EXPECT_TRUE(machine.ended()) << "timer F";
  machine = other_after(100);
  EXPECT_EQ(said(machine.on_response({200}, response(200, "OPTIONS"))), "tell 200");
  EXPECT_EQ(machine.state(), Other::completed);
  machine = other_after(100);
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_TRUE(machine.ended());
  EXPECT_EQ(said(other_after(100).on_timer({32'000})), "timeout");
}

TEST(NonInviteClient, Completed) {
  auto machine = other_after(200);
  for (const unsigned status : {100u, 200u, 500u})
    EXPECT_EQ(said(machine.on_response({200}, response(status, "OPTIONS"))), "");
  EXPECT_EQ(said(machine.on_transport_error()), "");
  EXPECT_EQ(machine.state(), Other::completed);
  EXPECT_EQ(until(machine, 100'000), "5100 end") << "timer K";
  EXPECT_TRUE(other_after(200, k_reliable).ended());
}

}  // namespace
}  // namespace ringway::sip
