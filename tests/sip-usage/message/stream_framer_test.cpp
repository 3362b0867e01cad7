#include "sip-usage/message/stream_framer.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip {
namespace {

using test::invite_lines;
using test::octets;

std::string framed(std::string_view body = "", std::string subject = "x") {
  auto lines = invite_lines();
  lines.push_back("Subject: " + std::move(subject));
  lines.push_back("Content-Length: " + std::to_string(body.size()));
  return octets(lines, body);
}

// One letter for each event: i ping, o pong, the message's body between brackets, m malformed, b broken.
std::string events(StreamFramer& framer) {
  std::string out;
  while (const auto event = framer.next()) {
    if (std::holds_alternative<PingReceived>(*event)) out += 'i';
    if (std::holds_alternative<PongReceived>(*event)) out += 'o';
    if (const auto* got = std::get_if<MessageReceived>(&*event)) out += '[' + got->message.body + ']';
    if (std::holds_alternative<MalformedReceived>(*event)) out += 'm';
    if (std::holds_alternative<StreamBroken>(*event)) out += 'b';
  }
  return out;
}

std::string fed(std::string_view stream, std::size_t piece_bytes, StreamEnd end = StreamEnd::accepted) {
  StreamFramer framer(end);
  std::string out;
  for (std::size_t at = 0; at < stream.size(); at += piece_bytes) {
    framer.receive(view_of(stream.substr(at, piece_bytes)));
    out += events(framer);
  }
  return out;
}

TEST(StreamFramer, CutsTheSameWhateverThePieces) {
  const std::string stream =
      framed("one") + "\r\n\r\n" + framed("") + framed("t\r\n\r\nwo") + "\r\n" + framed("3");
  for (const std::size_t piece_bytes :
       {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{100}, stream.size()})
    EXPECT_EQ(fed(stream, piece_bytes), "[one]i[][t\r\n\r\nwo][3]") << piece_bytes;
}

// RFC 5626 §3.5.1.
TEST(StreamFramer, KeepAlives) {
  for (const std::size_t piece_bytes : {1u, 2u, 3u, 8u}) {
    EXPECT_EQ(fed("\r\n\r\n\r\n\r\n", piece_bytes), "ii");
    EXPECT_EQ(fed("\r\n\r\n", piece_bytes, StreamEnd::opened), "oo");
    EXPECT_EQ(fed("\r\n" + framed("a") + "\r\n", piece_bytes, StreamEnd::opened), "o[a]o");
    EXPECT_EQ(fed("\r\n", piece_bytes), "") << "may become a ping";
  }
}

TEST(StreamFramer, WhatIsNoMessageButCutAsOneLeavesTheStreamWhole) {
  std::string bad = framed("abc");
  bad.replace(bad.find("314159"), 6, "x14159");
  EXPECT_EQ(fed(bad + framed("next"), 1000), "m[next]");
  StreamFramer framer(StreamEnd::accepted);
  framer.receive(view_of(bad));
  const auto event = framer.next();
  ASSERT_TRUE(event);
  EXPECT_TRUE(std::get<MalformedReceived>(*event).refusal.can_be_answered());
}

TEST(StreamFramer, BreaksWhereItCannotCut) {
  auto twice = invite_lines();
  twice.insert(twice.end(), {"Content-Length: 1", "l: 2"});
  auto none = invite_lines();
  auto negative = invite_lines();
  negative.push_back("Content-Length: -999");
  auto huge = invite_lines();
  huge.push_back("Content-Length: 65500");
  for (const auto& [lines, status] : {std::pair{twice, 400u}, {none, 400u}, {negative, 400u}, {huge, 513u}}) {
    StreamFramer framer(StreamEnd::accepted);
    framer.receive(view_of(octets(lines) + framed("never")));
    const auto event = framer.next();
    ASSERT_TRUE(event && std::holds_alternative<StreamBroken>(*event));
    const auto& refusal = std::get<StreamBroken>(*event).refusal;
    EXPECT_EQ(refusal.status, status);
    EXPECT_TRUE(refusal.can_be_answered());
    framer.receive(view_of(framed("late")));
    EXPECT_FALSE(framer.next()) << "a broken stream stays broken";
  }
  EXPECT_EQ(fed("no colon here\r\nnor here\r\n\r\n" + framed(""), 1000), "b");
}

TEST(StreamFramer, Bounds) {
  const std::size_t header = framed("", "").size();
  const auto of_header = [&](std::size_t size_bytes) {
    return framed("", std::string(size_bytes - header, 's'));
  };
  EXPECT_EQ(fed(of_header(k_max_header_bytes + 4), 999), "[]");
  EXPECT_EQ(fed(of_header(k_max_header_bytes + 5), 999), "b");
  EXPECT_EQ(fed("X: " + std::string(k_max_header_bytes, 'x'), 999), "") << "not yet";
  EXPECT_EQ(fed("X: " + std::string(k_max_header_bytes + 1, 'x'), 999), "b") << "without an end in sight";
  const std::size_t of_body = k_max_message_bytes - framed(std::string(60'000, 'b')).size() + 60'000;
  EXPECT_EQ(fed(framed(std::string(of_body, 'b')), 999).size(), of_body + 2);
  EXPECT_EQ(fed(framed(std::string(of_body + 1, 'b')), 999), "b");
}

TEST(StreamFramer, SaysWhetherItWaits) {
  StreamFramer framer(StreamEnd::accepted);
  EXPECT_FALSE(framer.is_within_message());
  framer.receive(view_of("INVITE"));
  EXPECT_FALSE(framer.next());
  EXPECT_TRUE(framer.is_within_message());
  framer.receive(view_of(framed("a").substr(6)));
  EXPECT_TRUE(framer.next());
  EXPECT_FALSE(framer.is_within_message());
  framer.receive(view_of("\r\n"));  // half a ping, or a stray line end
  EXPECT_FALSE(framer.next());
  EXPECT_FALSE(framer.is_within_message());
}

}  // namespace
}  // namespace ringway::sip
