#include "sip-usage/transaction/transaction_table.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/transaction/steps.hpp"

namespace ringway::sip {
namespace {

using test::message;
using test::request;
using test::word;

constexpr Flow k_flow{1, Transport::unreliable};

TransactionTable table(TransactionLimits limits = {}) { return {{}, limits, "stateless"}; }

// "new OPTIONS, send 200, tell 180, ack, timeout, transport, end".
std::string said(const TransactionOutputs& outputs) {
  std::string out;
  const auto add = [&](const std::string& more) { out += (out.empty() ? "" : ", ") + more; };
  for (const auto& each : outputs) {
    if (const auto* send = std::get_if<Transmit>(&each)) add("send " + word(send->octets));
    if (const auto* arrived = std::get_if<RequestArrived>(&each)) add("new " + arrived->request.method());
    if (std::holds_alternative<AckArrived>(each)) add("ack");
    if (const auto* told = std::get_if<ResponseArrived>(&each))
      add("tell " + std::to_string(told->response.status()));
    if (const auto* failed = std::get_if<TransactionFailed>(&each))
      add(failed->failure == TransactionFailure::timeout ? "timeout" : "transport");
    if (std::holds_alternative<TransactionEnded>(each)) add("end");
  }
  return out;
}

TransactionId arrived(TransactionTable& on, const Message& request) {
  const auto outputs = on.receive({0}, request, k_flow);
  EXPECT_EQ(said(outputs), "new " + request.method());
  return outputs.size() == 1 ? std::get<RequestArrived>(outputs[0]).transaction : TransactionId{};
}

std::string responded(TransactionTable& on, TransactionId id, unsigned status, std::int64_t at_ms = 0) {
  return said(on.respond({at_ms}, id, make_response(*on.request(id), status, "b")));
}

TEST(TransactionTable, ServesARequestOnce) {
  auto on = table();
  const auto id = arrived(on, request("OPTIONS"));
  EXPECT_EQ(said(on.receive({1}, request("OPTIONS"), k_flow)), "");
  EXPECT_EQ(responded(on, id, 200), "send 200");
  EXPECT_EQ(said(on.receive({2}, request("OPTIONS"), k_flow)), "send 200");
  EXPECT_EQ(on.counters().retransmissions, 2u);
  EXPECT_EQ(on.next_wake() ? (*on.next_wake()).ms : 0, 32'000);
  EXPECT_EQ(said(on.on_timer({31'999})), "");
  EXPECT_EQ(said(on.on_timer({32'000})), "end");
  EXPECT_FALSE(on.next_wake());
  EXPECT_EQ(on.request(id), nullptr);
  EXPECT_EQ(on.sizes()[0].size, 0u);
  arrived(on, request("OPTIONS"));
}

// §17.2.3: branch, sent-by and method.
TEST(TransactionTable, TellsRequestsApart) {
  auto on = table();
  arrived(on, request("INVITE", "z9hG4bKx"));
  arrived(on, request("OPTIONS", "z9hG4bKx"));
  arrived(on, request("INVITE", "z9hG4bKy"));
  auto elsewhere = request("INVITE", "z9hG4bKx");
  elsewhere.vias[0].port = 5070;
  arrived(on, elsewhere);
  EXPECT_EQ(said(on.receive({0}, request("INVITE", "Z9HG4BKX"), k_flow)), "") << "tokens have no case";
  EXPECT_EQ(on.sizes()[0].size, 4u);
}

TEST(TransactionTable, AnAckBelongsToItsInvite) {
  auto on = table();
  const auto failed = arrived(on, request("INVITE", "z9hG4bKx"));
  EXPECT_EQ(responded(on, failed, 486), "send 486");
  EXPECT_EQ(said(on.receive({1}, request("ACK", "z9hG4bKx"), k_flow)), "");
  EXPECT_EQ(said(on.on_timer({5'001})), "end") << "timer I";
  const auto accepted = arrived(on, request("INVITE", "z9hG4bKy"));
  EXPECT_EQ(responded(on, accepted, 200), "send 200");
  const auto with_branch = on.receive({1}, request("ACK", "z9hG4bKy"), k_flow);
  ASSERT_EQ(said(with_branch), "ack");
  EXPECT_EQ(std::get<AckArrived>(with_branch[0]).transaction, accepted);
  const auto of_its_own = on.receive({1}, request("ACK", "z9hG4bKother"), k_flow);
  ASSERT_EQ(said(of_its_own), "ack");
  EXPECT_FALSE(std::get<AckArrived>(of_its_own[0]).transaction);
}

Message old_request(const std::string& method, const std::string& to_tag = "") {
  return message({method + " sip:bob@biloxi.com SIP/2.0", "Via: SIP/2.0/UDP pc33.atlanta.com",
                  "To: <sip:bob@biloxi.com>" + to_tag, "From: <sip:alice@atlanta.com>", "Call-ID: c1",
                  "CSeq: 7 " + method});
}

TEST(TransactionTable, MatchesAsRfc2543Did) {
  auto on = table();
  const auto id = arrived(on, old_request("INVITE"));
  EXPECT_EQ(said(on.receive({0}, old_request("INVITE"), k_flow)), "");
  auto next = old_request("INVITE");
  next.cseq.number = 8;
  arrived(on, next);
  auto elsewhere = old_request("INVITE");
  elsewhere.request_uri().user = "carol";
  arrived(on, elsewhere);
  EXPECT_EQ(responded(on, id, 404), "send 404");
  EXPECT_EQ(said(on.receive({0}, old_request("ACK", ";tag=wrong"), k_flow)), "ack") << "another's";
  EXPECT_EQ(said(on.receive({0}, old_request("ACK", ";tag=b"), k_flow)), "");
  EXPECT_EQ(said(on.on_timer({5'000})).substr(0, 13), "send 100, sen") << "the others say 100";
  EXPECT_EQ(on.request(id), nullptr) << "confirmed, and timer I has come";
  EXPECT_EQ(said(on.receive({5'001}, old_request("ACK", ";tag=b"), k_flow)), "ack")
      << "its key is forgotten as well";
  EXPECT_EQ(on.sizes()[0].size, 2u);
}

TEST(TransactionTable, ACancelNamesItsInvite) {
  auto on = table();
  const auto invite = arrived(on, request("INVITE", "z9hG4bKx"));
  const auto outputs = on.receive({0}, request("CANCEL", "z9hG4bKx"), k_flow);
  ASSERT_EQ(said(outputs), "new CANCEL");
  EXPECT_EQ(std::get<RequestArrived>(outputs[0]).cancels, invite);
  const auto of_none = on.receive({0}, request("CANCEL", "z9hG4bKy"), k_flow);
  EXPECT_FALSE(std::get<RequestArrived>(of_none.at(0)).cancels);
}

// §8.2.2.2.
TEST(TransactionTable, KnowsMergedRequests) {
  auto on = table();
  const auto first = arrived(on, request("INVITE", "z9hG4bKx"));
  const auto second = arrived(on, request("INVITE", "z9hG4bKy"));
  EXPECT_FALSE(on.is_merged(first));
  EXPECT_TRUE(on.is_merged(second));
  auto in_dialog = request("INVITE", "z9hG4bKz");
  in_dialog.to.parameters.set("tag", "b");
  EXPECT_FALSE(on.is_merged(arrived(on, in_dialog)));
  auto later = request("INVITE", "z9hG4bKw");
  later.cseq.number = 8;
  EXPECT_FALSE(on.is_merged(arrived(on, later)));
  EXPECT_FALSE(on.is_merged(arrived(on, request("OPTIONS", "z9hG4bKv"))));
  on.give_up(first);
  EXPECT_FALSE(on.is_merged(second)) << "no more ongoing";
}

TEST(TransactionTable, SendsAndHearsTheAnswer) {
  auto on = table();
  const auto sent = on.send_request({0}, request("INVITE"), k_flow);
  ASSERT_TRUE(sent);
  EXPECT_EQ(said(sent->outputs), "send INVITE");
  EXPECT_EQ(said(on.receive({1}, test::response(180), k_flow)), "tell 180");
  EXPECT_EQ(said(on.receive({2}, test::response(486), k_flow)), "send ACK, tell 486");
  EXPECT_EQ(said(on.receive({3}, test::response(486), k_flow)), "send ACK");
  EXPECT_EQ(said(on.on_timer({32'002})), "end");
  EXPECT_EQ(said(on.receive({32'003}, test::response(486), k_flow)), "");
  EXPECT_EQ(on.counters().stray_responses, 1u);
  EXPECT_EQ(said(on.receive({3}, test::response(200, "OPTIONS"), k_flow)), "") << "another method";
}

TEST(TransactionTable, ACancelIsATransactionOfItsOwn) {
  auto on = table();
  ASSERT_TRUE(on.send_request({0}, request("INVITE"), k_flow));
  EXPECT_EQ(said(on.receive({1}, test::response(180), k_flow)), "tell 180");
  const auto cancel = on.send_request({2}, make_cancel(request("INVITE")), k_flow);
  ASSERT_TRUE(cancel);
  EXPECT_EQ(said(on.receive({3}, test::response(200, "CANCEL"), k_flow)), "tell 200");
  EXPECT_EQ(said(on.receive({4}, test::response(487), k_flow)), "send ACK, tell 487");
}

TEST(TransactionTable, FailuresAreTold) {
  auto on = table();
  const auto lost = on.send_request({0}, request("OPTIONS", "z9hG4bKx"), {2, Transport::reliable});
  EXPECT_EQ(said(on.on_timer({32'000})), "timeout, end");
  EXPECT_EQ(on.counters().timeouts, 1u);
  const auto broken = on.send_request({0}, request("OPTIONS", "z9hG4bKx"), {2, Transport::reliable});
  EXPECT_NE(lost->transaction, broken->transaction);
  EXPECT_EQ(said(on.on_transport_error({1}, broken->transaction)), "transport, end");
  EXPECT_EQ(said(on.on_transport_error({1}, broken->transaction)), "") << "it is forgotten";
  EXPECT_EQ(said(on.respond({1}, broken->transaction, test::response(200))), "");
  EXPECT_EQ(said(on.give_up(broken->transaction)), "");
}

TEST(TransactionTable, Bounds) {
  auto on = table({2, 1});
  const auto first = arrived(on, request("OPTIONS", "z9hG4bK1"));
  arrived(on, request("OPTIONS", "z9hG4bK2"));
  const auto refused = on.receive({0}, request("OPTIONS", "z9hG4bK3"), k_flow);
  ASSERT_EQ(said(refused), "send 503");
  const auto answer = test::parse(text_of(std::get<Transmit>(refused[0]).octets));
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(*answer->field("Retry-After"), "10");
  EXPECT_EQ(answer->to.tag(), "stateless");
  EXPECT_FALSE(std::get<Transmit>(refused[0]).transaction);
  EXPECT_EQ(said(on.receive({0}, request("ACK", "z9hG4bK4"), k_flow)), "ack") << "an ACK is never answered";
  ASSERT_TRUE(on.send_request({0}, request("OPTIONS", "z9hG4bK1"), k_flow));
  EXPECT_FALSE(on.send_request({0}, request("OPTIONS", "z9hG4bK2"), k_flow));
  EXPECT_EQ(on.counters().refused_busy, 2u);
  on.give_up(first);
  arrived(on, request("OPTIONS", "z9hG4bK3"));
  EXPECT_EQ(on.sizes()[0].size, 2u);
  EXPECT_EQ(on.sizes()[1].size, 1u);
}

TEST(TransactionTable, BytesHaveABound) {
  const std::size_t one = request("OPTIONS", "z9hG4bK1").received_bytes;
  auto on = table({10, 10, 2 * one});
  const auto first = arrived(on, request("OPTIONS", "z9hG4bK1"));
  arrived(on, request("OPTIONS", "z9hG4bK2"));
  EXPECT_EQ(on.sizes()[2].size, 2 * one);
  EXPECT_EQ(said(on.receive({0}, request("OPTIONS", "z9hG4bK3"), k_flow)), "send 503");
  EXPECT_FALSE(on.send_request({0}, request("OPTIONS", "z9hG4bK4"), k_flow));
  on.give_up(first);
  EXPECT_EQ(on.sizes()[2].size, one);
  const auto sent = on.send_request({0}, request("OPTIONS", "z9hG4bK4"), k_flow);
  EXPECT_FALSE(sent) << "it has a Content-Length besides";
  auto shorter = request("OPTIONS", "z9hG4bK4");
  shorter.max_forwards.reset();
  shorter.from.uri.user = "a";
  EXPECT_TRUE(on.send_request({0}, shorter, k_flow));
  EXPECT_FALSE(on.send_request({0}, request("OPTIONS", "z9hG4bK5"), k_flow));
}

using Standing = TransactionSender::Standing;

// Those of so many new requests that are not refused; their branches begin with the name.
std::size_t taken(TransactionTable& on, const TransactionSender& sender, std::size_t count) {
  std::size_t out = 0;
  for (std::size_t at = 0; at < count; ++at) {
    const auto branch =
        "z9hG4bK" + sender.name + std::to_string(on.sizes()[0].size) + '.' + std::to_string(at);
    out += said(on.receive({0}, request("OPTIONS", branch), k_flow, sender)) == "new OPTIONS" ? 1 : 0;
  }
  return out;
}

TEST(TransactionTable, StrangersLeaveRoom) {
  auto on = table({16, 16});
  EXPECT_EQ(taken(on, {"s1", Standing::stranger}, 6), 4u);
  EXPECT_EQ(taken(on, {"s2", Standing::stranger}, 6), 4u);
  EXPECT_EQ(taken(on, {"s3", Standing::stranger}, 1), 0u) << "all strangers: a half";
  EXPECT_EQ(taken(on, {"p1", Standing::peer}, 6), 4u);
  EXPECT_EQ(taken(on, {"p2", Standing::peer}, 1), 0u) << "with peers: three quarters";
  EXPECT_EQ(taken(on, {"f1", Standing::own}, 3), 3u);
  EXPECT_EQ(taken(on, {"f2", Standing::own}, 3), 1u);
}

// What is sent without a transaction that has asked for it, as NOTIFYs are.
TEST(TransactionTable, WhatASenderBringsAboutCountsAsHis) {
  auto on = table({16, 16});
  std::size_t sent = 0;
  for (int at = 0; at < 16; ++at)
    if (on.send_request_of({0}, request("NOTIFY", "z9hG4bKn" + std::to_string(at)), k_flow,
                           {"s1", Standing::stranger}))
      ++sent;
  EXPECT_EQ(sent, 4u);
  EXPECT_TRUE(on.send_request({0}, request("NOTIFY", "z9hG4bKown"), k_flow));
}

TEST(TransactionTable, OnePhoneLeavesRoomForOthers) {
  auto on = table({16, 16});
  EXPECT_EQ(taken(on, {"f1", Standing::own}, 16), 8u);
  EXPECT_EQ(taken(on, {"f2", Standing::own}, 16), 8u);
}

TEST(TransactionTable, SharesComeBack) {
  auto on = table({16, 16});
  const TransactionSender stranger{"s1", Standing::stranger};
  const auto first = on.receive({0}, request("OPTIONS", "z9hG4bKfirst"), k_flow, stranger);
  EXPECT_EQ(taken(on, stranger, 4), 3u);
  on.give_up(std::get<RequestArrived>(first[0]).transaction);
  EXPECT_EQ(taken(on, stranger, 2), 1u);
}

// What is forked for a stranger, or is long, counts as the stranger's.
TEST(TransactionTable, ForksAndBytesCount) {
  const TransactionSender stranger{"s1", Standing::stranger};
  auto on = table({16, 16});
  const auto arrived = on.receive({0}, request("OPTIONS", "z9hG4bKfirst"), k_flow, stranger);
  const auto server = std::get<RequestArrived>(arrived[0]).transaction;
  for (const auto* branch : {"z9hG4bK1", "z9hG4bK2", "z9hG4bK3", "z9hG4bK4"})
    EXPECT_TRUE(on.send_request({0}, request("OPTIONS", branch), k_flow, server));
  EXPECT_FALSE(on.send_request({0}, request("OPTIONS", "z9hG4bK5"), k_flow, server));
  EXPECT_TRUE(on.send_request({0}, request("OPTIONS", "z9hG4bK5"), k_flow)) << "one of this peer's own";

  const std::size_t one = request("OPTIONS", "z9hG4bKs10.0").received_bytes;
  auto narrow = table({100, 100, 8 * one});
  EXPECT_EQ(taken(narrow, stranger, 3), 2u);
}

TEST(TransactionTable, ABranchIsUsedOnce) {
  auto on = table();
  ASSERT_TRUE(on.send_request({0}, request("OPTIONS"), k_flow));
  EXPECT_FALSE(on.send_request({0}, request("OPTIONS"), k_flow));
  EXPECT_TRUE(on.send_request({0}, request("INVITE"), k_flow));
}

TEST(TransactionTable, WakesForTheNextOfAll) {
  auto on = table();
  ASSERT_TRUE(on.send_request({0}, request("OPTIONS", "z9hG4bK1"), k_flow));
  ASSERT_TRUE(on.send_request({100}, request("OPTIONS", "z9hG4bK2"), k_flow));
  arrived(on, request("INVITE", "z9hG4bK3"));
  EXPECT_EQ((*on.next_wake()).ms, 200);
  EXPECT_EQ(said(on.on_timer({200})), "send 100");
  EXPECT_EQ((*on.next_wake()).ms, 500);
  EXPECT_EQ(said(on.on_timer({600})), "send OPTIONS, send OPTIONS");
  EXPECT_EQ((*on.next_wake()).ms, 1'600);
}

}  // namespace
}  // namespace ringway::sip
