// RFC 3261 figures 7 (as RFC 6026 changes it) and 8: every state and every event.
#include "sip-usage/transaction/server.hpp"

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

InviteServer invite(Transport transport = k_unreliable) { return {{0}, request("INVITE"), transport, {}}; }

InviteServer invite_after(unsigned status, Transport transport = k_unreliable) {
  auto machine = invite(transport);
  EXPECT_EQ(said(machine.respond({100}, response(status))), "send " + std::to_string(status));
  return machine;
}

using Invite = InviteServer::State;

TEST(InviteServer, SaysTryingWhenItsUserIsSlow) {
  for (const auto transport : {k_unreliable, k_reliable}) {
    auto machine = invite(transport);
    EXPECT_EQ(said(machine.on_request({100}, request("INVITE"))), "") << "nothing to repeat yet";
    EXPECT_EQ(until(machine, 900'000), "200 send 100");
    EXPECT_EQ(said(machine.on_request({300}, request("INVITE"))), "send 100");
    EXPECT_EQ(machine.state(), Invite::proceeding);
  }
  auto quick = invite_after(180);
  EXPECT_EQ(ms(quick.next_wake()), k_never);
}

TEST(InviteServer, Proceeding) {
  auto machine = invite_after(180);
  EXPECT_EQ(said(machine.on_request({200}, request("INVITE"))), "send 180");
  EXPECT_EQ(said(machine.respond({300}, response(183))), "send 183");
  EXPECT_EQ(said(machine.on_request({300}, request("INVITE"))), "send 183") << "the last one";
  EXPECT_EQ(said(machine.on_request({300}, request("ACK"))), "");
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_EQ(machine.state(), Invite::proceeding) << "RFC 6026 §7.1";
  EXPECT_EQ(said(machine.respond({300}, response(200))), "send 200");
  EXPECT_EQ(machine.state(), Invite::accepted);
  EXPECT_EQ(invite_after(300).state(), Invite::completed);
}

TEST(InviteServer, Completed) {
  auto machine = invite_after(486);
  EXPECT_EQ(said(machine.on_request({150}, request("INVITE"))), "send 486");
  EXPECT_EQ(said(machine.respond({150}, response(200))), "") << "it has been answered";
  EXPECT_EQ(said(machine.respond({150}, response(180))), "");
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_EQ(machine.state(), Invite::completed);
  EXPECT_EQ(until(machine, 100'000),
            "600 send 486; 1600 send 486; 3600 send 486; 7600 send 486; 11600 send 486; 15600 send 486; "
            "19600 send 486; "
            "23600 send 486; 27600 send 486; 31600 send 486; 32100 timeout")
      << "timers G and H";
  auto reliable = invite_after(486, k_reliable);
  EXPECT_EQ(until(reliable, 100'000), "32100 timeout") << "nothing is repeated";
}

TEST(InviteServer, Confirmed) {
  auto machine = invite_after(486);
  EXPECT_EQ(said(machine.on_request({200}, request("ACK"))), "");
  EXPECT_EQ(machine.state(), Invite::confirmed);
  EXPECT_EQ(said(machine.on_request({300}, request("ACK"))), "");
  EXPECT_EQ(said(machine.on_request({300}, request("INVITE"))), "");
  EXPECT_EQ(said(machine.respond({300}, response(200))), "");
  EXPECT_EQ(said(machine.on_transport_error()), "");
  EXPECT_EQ(machine.state(), Invite::confirmed);
  EXPECT_EQ(until(machine, 100'000), "5200 end") << "timer I, from the first ACK";
  auto reliable = invite_after(486, k_reliable);
  reliable.on_request({200}, request("ACK"));
  EXPECT_TRUE(reliable.ended());
}

// RFC 6026.
TEST(InviteServer, Accepted) {
  for (const auto transport : {k_unreliable, k_reliable}) {
    auto machine = invite_after(200, transport);
    EXPECT_EQ(said(machine.on_request({200}, request("INVITE"))), "") << "absorbed";
    EXPECT_EQ(said(machine.on_request({200}, request("ACK"))), "tell ACK");
    EXPECT_EQ(said(machine.respond({300}, response(200))), "send 200") << "its user repeats it";
    EXPECT_EQ(said(machine.respond({300}, response(486))), "");
    EXPECT_EQ(said(machine.respond({300}, response(180))), "");
    EXPECT_EQ(said(machine.on_transport_error()), "transport");
    EXPECT_EQ(machine.state(), Invite::accepted);
    EXPECT_EQ(until(machine, 100'000), "32100 end") << "timer L";
  }
}

NonInviteServer other(Transport transport = k_unreliable) { return {request("OPTIONS"), transport, {}}; }

NonInviteServer other_after(unsigned status, Transport transport = k_unreliable) {
  auto machine = other(transport);
  EXPECT_EQ(said(machine.respond({100}, response(status, "OPTIONS"))), "send " + std::to_string(status));
  return machine;
}

using Other = NonInviteServer::State;

TEST(NonInviteServer, Trying) {
  auto machine = other();
  EXPECT_EQ(said(machine.on_request(request("OPTIONS"))), "");
  EXPECT_EQ(said(machine.on_transport_error()), "");
  EXPECT_EQ(said(machine.on_timer({900'000})), "");
  EXPECT_EQ(ms(machine.next_wake()), k_never);
  EXPECT_EQ(machine.state(), Other::trying);
  EXPECT_EQ(other_after(100).state(), Other::proceeding);
  EXPECT_EQ(other_after(200).state(), Other::completed);
}

TEST(NonInviteServer, Proceeding) {
  auto machine = other_after(100);
  EXPECT_EQ(said(machine.on_request(request("OPTIONS"))), "send 100");
  EXPECT_EQ(said(machine.respond({200}, response(183, "OPTIONS"))), "send 183");
  EXPECT_EQ(said(machine.on_request(request("OPTIONS"))), "send 183");
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_EQ(machine.state(), Other::proceeding) << "RFC 6026 §8.8";
  EXPECT_EQ(said(machine.respond({300}, response(404, "OPTIONS"))), "send 404");
  EXPECT_EQ(machine.state(), Other::completed);
}

TEST(NonInviteServer, Completed) {
  auto machine = other_after(200);
  EXPECT_EQ(said(machine.on_request(request("OPTIONS"))), "send 200");
  EXPECT_EQ(said(machine.respond({200}, response(500, "OPTIONS"))), "");
  EXPECT_EQ(said(machine.respond({200}, response(100, "OPTIONS"))), "");
  EXPECT_EQ(said(machine.on_request(request("OPTIONS"))), "send 200");
  EXPECT_EQ(said(machine.on_transport_error()), "transport");
  EXPECT_EQ(machine.state(), Other::completed);
  EXPECT_EQ(until(machine, 100'000), "32100 end") << "timer J";
  EXPECT_TRUE(other_after(200, k_reliable).ended());
}

}  // namespace
}  // namespace ringway::sip
