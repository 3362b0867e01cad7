// Connections of applications between two peers: what both ends know, and what goes over them.
#include <gtest/gtest.h>

#include "tests/net/app_links/app_link_test_support.hpp"
#include "tests/net/raw_client.hpp"

namespace ringway::net::app_links::test {
namespace {

using net::test::RawSocket;
using net::test::RawTlsClient;

TEST(AppLinks, BothEndsKnowWhoIsThereAndSpeakAsTheyLike) {
  // Shows: SIP-16, SIP-17.
  for (const bool shared_secret : {false, true}) {
    SCOPED_TRACE(shared_secret);
    AppLinkWorld world;
    const auto alice = world.peer(world.alice, with_shared_secret(shared_secret));
    const auto bob = world.peer(world.bob, with_shared_secret(shared_secret));
    const FlowId flow = alice->connect(*bob, world.bob);
    alice->send(flow, "INVITE ");  // waits for the connection
    const auto here = alice->flow(), there = bob->flow();
    EXPECT_EQ(here.flow, flow);
    EXPECT_TRUE(here.opened_here);
    EXPECT_FALSE(there.opened_here);
    ASSERT_TRUE(here.peer && there.peer);
    EXPECT_EQ(here.peer->node, world.bob);
    EXPECT_EQ(here.peer->certificate->user_name(), "bob@overlay.example.org");
    EXPECT_EQ(there.peer->node, world.alice);
    EXPECT_EQ(there.peer->certificate->user_name(), "alice@overlay.example.org");
    EXPECT_EQ(there.remote, here.local);
    EXPECT_GT(flow.number, k_flows_from);
    alice->send(flow, "sip:bob@overlay.example.org SIP/2.0");
    EXPECT_TRUE(bob->wait_text(there.flow, "INVITE sip:bob@overlay.example.org SIP/2.0"));
    bob->send(there.flow, "SIP/2.0 200 OK");
    EXPECT_TRUE(alice->wait_text(flow, "SIP/2.0 200 OK"));
    bob->links().close(there.flow, "enough");
    EXPECT_TRUE(alice->wait_down(flow));
    EXPECT_EQ(alice->seen().why_down(flow), "closed by the other side");
    EXPECT_TRUE(bob->wait_down(there.flow));
    EXPECT_EQ(bob->seen().why_down(there.flow), "enough");
  }
}

TEST(AppLinks, WhoHasConnectedNeedNotSpeakFirst) {
  // Shows: AMB-26.
  // The sender of an AppAttach waits as TLS server, and is the one who has something to say.
  AppLinkWorld world;
  const auto caller = world.peer(world.alice);
  const auto callee = world.peer(world.bob);
  const FlowId flow = callee->connect(*caller, world.alice);
  const auto there = caller->flow();
  caller->send(there.flow, "INVITE");
  EXPECT_TRUE(callee->wait_text(flow, "INVITE"));
}

TEST(AppLinks, ConnectionsThatCrossBothStand) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob = world.peer(world.bob);
  const FlowId ours = alice->connect(*bob, world.bob);
  const FlowId theirs = bob->connect(*alice, world.alice);
  ASSERT_TRUE(alice->events().wait([](const auto& seen) { return seen.ups.size() == 2; }));
  ASSERT_TRUE(bob->events().wait([](const auto& seen) { return seen.ups.size() == 2; }));
  alice->send(ours, "from alice");
  bob->send(theirs, "from bob");
  EXPECT_TRUE(alice->events().wait([](const auto& seen) { return !seen.received.empty(); }));
  EXPECT_TRUE(bob->events().wait([](const auto& seen) { return !seen.received.empty(); }));
  EXPECT_TRUE(alice->seen().downs.empty() && bob->seen().downs.empty());
}

TEST(AppLinks, OneAddressAfterTheOther) {
  AppLinkWorld world;
  const auto alice = world.peer(world.alice);
  const auto bob = world.peer(world.bob);
  const auto carol = world.peer(ringway::test::node_id(0x0c));
  wire::IpAddressPort nobody;
  {
    const auto gone = world.peer(world.bob);
    nobody = gone->address();
  }
  const wire::IpAddressPort none;
  const auto flow = alice->links().connect({none, nobody, carol->address(), bob->address()}, world.bob);
  ASSERT_TRUE(flow.ok());
  EXPECT_EQ(alice->flow().remote, bob->address());
  // At the bound the one that would do is not tried any more.
  std::vector<wire::IpAddressPort> many(k_max_addresses, none);
  many.push_back(bob->address());
  const auto hopeless = alice->links().connect(many, world.bob);
  ASSERT_TRUE(hopeless.ok());
  EXPECT_TRUE(alice->wait_down(*hopeless));
  many.erase(many.begin());
  const auto last = alice->links().connect(many, world.bob);
  ASSERT_TRUE(last.ok());
  EXPECT_EQ(alice->flow(1).flow, *last);
  const auto nowhere = alice->links().connect({}, world.bob);
  ASSERT_TRUE(nowhere.ok());
  EXPECT_TRUE(alice->wait_down(*nowhere));
  EXPECT_EQ(alice->seen().why_down(*nowhere), "no address");
}

TEST(AppLinks, TheProtocolIsNamedInTheHandshake) {
  // Shows: SIP-18, FM-44.
  AppLinkWorld world;
  const auto bob = world.peer(world.bob);
  const auto agreed = [&](std::string_view offer) -> std::string {
    RawTlsClient client(bob->address(),
                        {.credentials = world.authority.credentials("alice@example.org", world.alice)});
    if (!offer.empty())
      SSL_set_alpn_protos(client.ssl(), reinterpret_cast<const unsigned char*>(offer.data()),
                          static_cast<unsigned>(offer.size()));
    if (!client.connect()) return "refused";
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &name, &size);
    return size == 0 ? "none" : std::string(reinterpret_cast<const char*>(name), size);
  };
  EXPECT_EQ(agreed("\x02h2\x05sip/2"), "sip/2");
  EXPECT_EQ(agreed(""), "none") << "other implementations name nothing";
  EXPECT_EQ(agreed("\x0dringway/61442"), "refused");
  EXPECT_EQ(agreed("\x06sip/22"), "refused");
}

TEST(AppLinks, WhatIsNotCreditedIsNotRead) {
  AppLinkWorld world;
  const auto small = changed([](AppLinkSettings& settings) { settings.receive_credit_bytes = 4096; });
  const auto alice = world.peer(
      world.alice, changed([](AppLinkSettings& settings) { settings.max_send_queue_bytes = 20U << 20; }));
  const auto bob = world.peer(world.bob, small);
  bob->events().credit_to(nullptr);
  const FlowId flow = alice->connect(*bob, world.bob);
  const auto there = bob->flow();
  constexpr std::size_t k_pieces = 256;
  const std::string piece(65'535, 'x');
  for (std::size_t i = 0; i < k_pieces; ++i) alice->send(flow, piece);
  // More than the system's buffers take.
  ASSERT_TRUE(bob->events().wait([](const auto& seen) { return !seen.received.empty(); }));
  EXPECT_TRUE(alice->seen().drained.empty());
  std::size_t unpaid = 0;
  const auto came = bob->seen();
  for (const auto& one : came.received) unpaid += one.credit;
  EXPECT_LE(unpaid, 4096U + 4096U + 256U);
  bob->events().credit_to(&bob->links());
  bob->links().credit(there.flow, unpaid);
  EXPECT_TRUE(bob->events().wait([&](const auto& seen) {
    std::size_t bytes = 0;
    for (const auto& one : seen.received) bytes += one.bytes.size();
    return bytes == k_pieces * piece.size();
  }));
  EXPECT_TRUE(alice->events().wait([&](const auto& seen) { return seen.drained == std::vector{flow}; }));
}

}  // namespace
}  // namespace ringway::net::app_links::test
