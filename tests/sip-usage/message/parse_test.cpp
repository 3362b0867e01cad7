#include "sip-usage/message/parse.hpp"

#include <gtest/gtest.h>

#include "tests/sip-usage/message/text.hpp"

namespace ringway::sip {
namespace {

using test::invite_lines;
using test::message;
using test::octets;
using test::parse;

std::vector<std::string> with(std::vector<std::string> lines, std::string more) {
  lines.push_back(std::move(more));
  return lines;
}

std::vector<std::string> replaced(std::vector<std::string> lines, std::string_view begin, std::string by) {
  for (auto& line : lines)
    if (line.rfind(begin, 0) == 0) line = by;
  return lines;
}

std::vector<std::string> without(std::vector<std::string> lines, std::string_view begin) {
  std::erase_if(lines, [&](const std::string& line) { return line.rfind(begin, 0) == 0; });
  return lines;
}

unsigned refused(const std::vector<std::string>& lines) {
  const auto parsed = parse(octets(lines));
  return parsed ? 0 : parsed.error().status;
}

TEST(Parse, ItsParts) {
  const Message read = message(with(with(invite_lines(), "Supported: outbound, gruu"), "k: path"), "v=0");
  EXPECT_TRUE(read.is_request());
  EXPECT_EQ(read.method(), "INVITE");
  EXPECT_EQ(read.request_uri().print(), "sip:bob@biloxi.com");
  EXPECT_EQ(read.vias.at(0).branch(), "z9hG4bK776asdhds");
  EXPECT_EQ(read.max_forwards, 70);
  EXPECT_EQ(read.to.display_name, "Bob");
  EXPECT_EQ(read.from.tag(), "1928301774");
  EXPECT_EQ(read.cseq, (CSeq{314159, "INVITE"}));
  EXPECT_EQ(read.contacts.at(0).uri.host, "pc33.atlanta.com");
  EXPECT_EQ(read.values("supported"), (std::vector<std::string_view>{"outbound", "gruu", "path"}));
  EXPECT_TRUE(read.lists("Supported", "GRUU"));
  EXPECT_EQ(read.body, "v=0");
}

TEST(Parse, WhatIsPrintedReadsTheSame) {
  const Message read =
      message(with(with(invite_lines(), "X-Odd: ;;,,;"), "Subject:"), std::string("a\0b", 3));
  const std::string once = read.print();
  const auto again = parse(once, Framing::stream);
  ASSERT_TRUE(again.ok()) << again.error().reason;
  EXPECT_EQ(again->print(), once);
  EXPECT_EQ(*again->field("x-odd"), ";;,,;");
  EXPECT_EQ(*again->field("Subject"), "");
  EXPECT_EQ(again->body, std::string("a\0b", 3));
}

// §8.1.1: what each request has, and §20: what comes once.
TEST(Parse, MandatoryFieldsAreThereOnce) {
  for (const auto* name : {"Via", "To", "From", "Call-ID", "CSeq"})
    EXPECT_EQ(refused(without(invite_lines(), name)), 400u) << name;
  for (const auto* twice : {"t: <sip:bob@biloxi.com>", "From: <sip:a@b>", "i: x", "CSeq: 314159 INVITE",
                            "Max-Forwards: 70", "Expires: 1"})
    EXPECT_EQ(refused(with(with(invite_lines(), "Expires: 1"), twice)), 400u) << twice;
  EXPECT_EQ(refused(replaced(invite_lines(), "To", "To: <sip:a@b>, <sip:c@d>")), 400u);
  EXPECT_EQ(refused(without(invite_lines(), "Max-Forwards")), 0u) << "RFC 2543 had none";
}

TEST(Parse, Scalars) {
  for (const auto* line : {"CSeq: 2147483648 INVITE", "CSeq: -1 INVITE", "CSeq: 1", "CSeq: INVITE",
                           "CSeq: 1 IN VITE", "CSeq: 1 BYE", "CSeq: 1 invite"})
    EXPECT_EQ(refused(replaced(invite_lines(), "CSeq", line)), 400u) << line;
  EXPECT_EQ(refused(replaced(invite_lines(), "CSeq", "CSeq: 2147483647 \t INVITE")), 0u);
  for (const auto* line : {"Max-Forwards: 256", "Max-Forwards: -1", "Max-Forwards:", "Max-Forwards: 7 0"})
    EXPECT_EQ(refused(replaced(invite_lines(), "Max-Forwards", line)), 400u) << line;
  EXPECT_EQ(message(replaced(invite_lines(), "Max-Forwards", "Max-Forwards: 255")).max_forwards, 255);
  for (const auto* line : {"Call-ID:", "Call-ID: a b", "Call-ID: a@b@c", "Call-ID: @", "Call-ID: a,b"})
    EXPECT_EQ(refused(replaced(invite_lines(), "Call-ID", line)), 400u) << line;
}

TEST(Parse, StartLines) {
  const std::pair<const char*, unsigned> lines[] = {{"INVITE sip:a@b SIP/2.0", 0},
                                                    {"INVITE sip:a@b sip/2.0", 0},
                                                    {"INVITE sip:a@b SIP/3.0", 505},
                                                    {"INVITE sip:a@b HTTP/1.1", 400},
                                                    {"INVITE  sip:a@b SIP/2.0", 400},
                                                    {"INVITE sip:a@b  SIP/2.0", 400},
                                                    {"INVITE sip:a@b SIP/2.0 ", 400},
                                                    {"INVITE sip:a@b", 400},
                                                    {"INVITE", 400},
                                                    {" INVITE sip:a@b SIP/2.0", 400},
                                                    {"INV@TE sip:a@b SIP/2.0", 400},
                                                    {"INVITE <sip:a@b> SIP/2.0", 400},
                                                    {"INVITE sip:a@b?x=y SIP/2.0", 400},
                                                    {"INVITE sip:a@b;a b SIP/2.0", 400},
                                                    {"", 400}};
  for (const auto& [line, status] : lines)
    EXPECT_EQ(refused(replaced(invite_lines(), "INVITE", line)), status) << line;
  EXPECT_EQ(refused(replaced(invite_lines(), "INVITE",
                             "INVITE sip:" + std::string(k_max_uri_bytes, 'a') + " SIP/2.0")),
            414u);
}

TEST(Parse, Responses) {
  const auto of = [](const std::string& line) { return replaced(invite_lines(), "INVITE", line); };
  EXPECT_EQ(message(of("SIP/2.0 180 Ringing")).status(), 180u);
  EXPECT_EQ(message(of("SIP/2.0 200 ")).reason(), "");
  EXPECT_EQ(message(of("SIP/2.0 200")).status(), 200u);
  EXPECT_EQ(message(of("SIP/2.0 699 x  y ")).reason(), "x  y ");
  for (const auto* line : {"SIP/2.0 99 x", "SIP/2.0 700 x", "SIP/2.0 2000 x", "SIP/2.0 x", "SIP/3.0 200 OK",
                           "SIP/2.0 4294967301 x"}) {
    const auto parsed = parse(octets(of(line)));
    ASSERT_FALSE(parsed.ok()) << line;
    EXPECT_FALSE(parsed.error().can_be_answered()) << line;
  }
}

TEST(Parse, Bodies) {
  const auto sized = [](std::string length, std::string_view body, Framing framing) {
    return parse(octets(with(invite_lines(), "Content-Length: " + std::move(length)), body), framing);
  };
  for (const auto framing : {Framing::datagram, Framing::stream}) {
    EXPECT_EQ(sized("3", "abc", framing)->body, "abc");
    for (const auto* length : {"4", "-1", "", "x", "3 3", "99999", "18446744073709551619"})
      EXPECT_FALSE(sized(length, "abc", framing).ok()) << length;
  }
  EXPECT_EQ(sized("2", "abc", Framing::datagram)->body, "ab");  // §18.3: the rest is noise
  EXPECT_EQ(parse(octets(invite_lines(), "abc"))->body, "abc");
  EXPECT_FALSE(parse(octets(invite_lines()), Framing::stream).ok()) << "a stream needs Content-Length";
  EXPECT_EQ(refused(with(with(invite_lines(), "Content-Length: 0"), "l: 0")), 400u);
}

TEST(Parse, LinesEndWithBoth) {
  const std::string good = octets(invite_lines());
  for (const auto* bare : {"X: a\nb", "X: a\rb", "X: a\n b", "X: a\n", "X: a\r", "X: a\n\rb"})
    EXPECT_EQ(refused(with(invite_lines(), bare)), 400u) << bare;
  EXPECT_TRUE(parse("\r\n\r\n" + good).ok()) << "§7.5";
  for (const std::string& bad :
       {std::string("Max-Forwards: 70\nTo: x"), std::string("Max-Forwards: 70\rX: y"),
        std::string("X: a\0b", 6), std::string("X y"), std::string("X Y: z"), std::string(": z"),
        std::string("X: \xff"), std::string("X: \xfe")})
    EXPECT_EQ(refused(replaced(invite_lines(), "Max-Forwards", bad)), 400u) << bad;
  EXPECT_EQ(refused(replaced(invite_lines(), "Max-Forwards", "Max-Forwards:\r\n\t70")), 0u);
  EXPECT_EQ(refused(with(invite_lines(), std::string("X: \"\\\0\"", 7))), 0u) << "a quoted pair";
  EXPECT_FALSE(parse(good.substr(0, good.size() - 2)).ok());
  EXPECT_FALSE(parse("").ok());
}

TEST(Parse, ContactStar) {
  auto lines = replaced(replaced(invite_lines(), "INVITE", "REGISTER sip:biloxi.com SIP/2.0"), "CSeq",
                        "CSeq: 1 REGISTER");
  lines = replaced(lines, "Contact", "Contact: *");
  EXPECT_TRUE(message(lines).contact_is_any);
  EXPECT_EQ(refused(with(lines, "Contact: <sip:a@b>")), 400u);
  EXPECT_EQ(refused(replaced(invite_lines(), "Contact", "Contact: *")), 400u);
}

// Each bound holds, and one more is refused.
TEST(Parse, Bounds) {
  const auto grown = [](std::string line, std::size_t count) {
    auto lines = invite_lines();
    for (std::size_t i = 0; i < count; ++i) lines.push_back(line);
    return refused(lines);
  };
  EXPECT_EQ(grown("Via: SIP/2.0/UDP h", k_max_vias - 1), 0u);
  EXPECT_EQ(grown("Via: SIP/2.0/UDP h", k_max_vias), 400u);
  EXPECT_EQ(grown("Route: <sip:h;lr>", k_max_routes), 0u);
  EXPECT_EQ(grown("Route: <sip:h;lr>", k_max_routes + 1), 400u);
  EXPECT_EQ(grown("Contact: <sip:ho>", k_max_contacts - 1), 0u);
  EXPECT_EQ(grown("Contact: <sip:ho>", k_max_contacts), 400u);
  EXPECT_EQ(grown("X: y", k_max_header_fields - 9), 0u);
  EXPECT_EQ(grown("X: y", k_max_header_fields - 8), 400u);
  const auto lines_of = [](std::size_t count) {
    return read_header_lines(octets(std::vector<std::string>(count + 1, "X: y"))).ok();
  };
  EXPECT_TRUE(lines_of(k_max_header_fields));
  EXPECT_FALSE(lines_of(k_max_header_fields + 1));
  const auto padded = [](std::size_t header_bytes) {
    auto lines = invite_lines();
    lines.push_back("X: ");
    lines.back() += std::string(header_bytes - (octets(lines).size() - 4), 'x');
    return parse(octets(lines)).ok();
  };
  EXPECT_TRUE(padded(k_max_header_bytes));
  EXPECT_FALSE(padded(k_max_header_bytes + 1));
  const std::size_t header = octets(invite_lines()).size();
  EXPECT_TRUE(parse(octets(invite_lines(), std::string(k_max_message_bytes - header, 'b'))).ok());
  EXPECT_EQ(parse(octets(invite_lines(), std::string(k_max_message_bytes + 1 - header, 'b'))).error().status,
            513u);
}

TEST(Parse, ARefusalRepeatsWhatAnAnswerNeeds) {
  const auto parsed = parse(octets(replaced(invite_lines(), "CSeq", "CSeq: x INVITE")));
  ASSERT_FALSE(parsed.ok());
  const Refusal& refusal = parsed.error();
  ASSERT_TRUE(refusal.can_be_answered());
  EXPECT_EQ(refusal.top_via->branch(), "z9hG4bK776asdhds");
  EXPECT_EQ(answer_to(refusal, "t1"),
            "SIP/2.0 400 Bad Request (a malformed CSeq)\r\n"
            "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"
            "To: Bob <sip:bob@biloxi.com>;tag=t1\r\n"
            "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
            "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
            "CSeq: x INVITE\r\nContent-Length: 0\r\n\r\n");
  auto ack =
      replaced(replaced(invite_lines(), "INVITE", "ACK sip:bob@biloxi.com SIP/2.0"), "CSeq", "CSeq: x ACK");
  EXPECT_FALSE(parse(octets(ack)).error().can_be_answered()) << "§17: an ACK is not answered";
}

}  // namespace
}  // namespace ringway::sip
