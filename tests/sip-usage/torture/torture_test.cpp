// RFC 4475's messages: what the RFC asks of each, and what is got. The files are those of the archive in its
// Appendix A, octet by octet; `test.dat` is in the archive and not in the text.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "sip-usage/message/builders.hpp"
#include "sip-usage/message/grammar.hpp"
#include "sip-usage/message/parse.hpp"

namespace ringway::sip {
namespace {

std::string octets_of(const std::string& name) {
  std::ifstream in(std::filesystem::path(RINGWAY_TORTURE_DIR) / (name + ".dat"), std::ios::binary);
  EXPECT_TRUE(in) << name;
  std::string octets(std::istreambuf_iterator<char>(in), {});
  // The archive has lost the empty line of this one, which the text has.
  return name == "baddn" ? octets + "\r\n" : octets;
}

Result<Message, Refusal> parsed(const std::string& name) {
  return parse_message(view_of(octets_of(name)), Framing::datagram);
}

Message well_formed(const std::string& name) {
  auto message = parsed(name);
  EXPECT_TRUE(message.ok()) << name << ": " << (message ? "" : message.error().reason);
  return message ? std::move(*message) : Message{};
}

// Who the element is that gets the message.
const Abilities k_proxy{true, {"sip", "sips", "tel"}, {}, {}};
const Abilities k_endpoint{false, {"sip", "sips"}, {}, {"INVITE", "OPTIONS", "REGISTER", "MESSAGE"}};

struct Row {
  const char* name;
  const char* section;
  const char* expected;  // what the RFC asks for, or allows
  // What is got: from the parser ("ok", "drop" or the status of its answer), then from a proxy and an
  // endpoint that look at what is well formed ("-" when they go on with it).
  const char* parser;
  const char* proxy;
  const char* endpoint;
};

constexpr Row k_table[] = {
    {"wsinv", "3.1.1.1", "well formed", "ok", "-", "-"},
    {"intmeth", "3.1.1.2", "well formed; 501 by endpoints", "ok", "-", "501"},
    {"esc01", "3.1.1.3", "well formed", "ok", "-", "-"},
    {"escnull", "3.1.1.4", "well formed, two contacts", "ok", "-", "-"},
    {"esc02", "3.1.1.5", "well formed; 501 by endpoints", "ok", "-", "501"},
    {"lwsdisp", "3.1.1.6", "should be accepted", "ok", "-", "-"},
    {"longreq", "3.1.1.7", "well formed", "ok", "-", "-"},
    {"dblreq", "3.1.1.8", "the first request alone", "ok", "-", "-"},
    {"semiuri", "3.1.1.9", "well formed", "ok", "-", "-"},
    {"transports", "3.1.1.10", "well formed", "ok", "-", "-"},
    {"mpart01", "3.1.1.11", "well formed", "ok", "-", "-"},
    {"unreason", "3.1.1.12", "well formed", "ok", "-", "-"},
    {"noreason", "3.1.1.13", "well formed", "ok", "-", "-"},
    {"badinv01", "3.1.2.1", "400", "400", "", ""},
    {"clerr", "3.1.2.2", "400 over UDP", "400", "", ""},
    {"ncl", "3.1.2.3", "an error", "400", "", ""},
    {"scalar02", "3.1.2.4", "400", "400", "", ""},
    {"scalarlg", "3.1.2.5", "discarded", "drop", "", ""},
    {"quotbal", "3.1.2.6", "400", "400", "", ""},
    {"ltgtruri", "3.1.2.7", "400 is reasonable", "400", "", ""},
    {"lwsruri", "3.1.2.8", "400", "400", "", ""},
    {"lwsstart", "3.1.2.9", "may be rejected", "400", "", ""},
    {"trws", "3.1.2.10", "may be rejected", "400", "", ""},
    {"escruri", "3.1.2.11", "400 is acceptable", "400", "", ""},
    {"baddate", "3.1.2.12", "should not be rejected by who does not need Date", "ok", "-", "-"},
    {"regbadct", "3.1.2.13", "400 is reasonable", "400", "", ""},
    {"badaspec", "3.1.2.14", "400 is reasonable", "400", "", ""},
    {"baddn", "3.1.2.15", "400 is reasonable", "400", "", ""},
    {"badvers", "3.1.2.16", "505", "505", "", ""},
    {"mismatch01", "3.1.2.17", "400", "400", "", ""},
    {"mismatch02", "3.1.2.18", "501, or 400", "501", "", ""},
    {"bigcode", "3.1.2.19", "dropped", "drop", "", ""},
    {"badbranch", "3.2.1", "400, or as RFC 2543 has it", "ok", "-", "-"},
    {"insuf", "3.3.1", "ideally 400", "400", "", ""},
    {"unkscm", "3.3.2", "416", "ok", "416", "416"},
    {"novelsc", "3.3.3", "416", "ok", "416", "416"},
    {"unksm2", "3.3.4", "well formed; 400 by the registrar alone", "ok", "-", "-"},
    {"bext01", "3.3.5", "420", "ok", "420", "420"},
    {"invut", "3.3.6", "well formed; 415 by who needs the body", "ok", "-", "-"},
    {"regaut01", "3.3.7", "well formed; passed on unmodified", "ok", "-", "-"},
    {"multi01", "3.3.8", "400", "400", "", ""},
    {"mcl01", "3.3.9", "an error", "400", "", ""},
    {"bcast", "3.3.10", "well formed; not to be passed on", "ok", "-", "-"},
    {"zeromf", "3.3.11", "483 by proxies", "ok", "483", "-"},
    {"cparam01", "3.3.12", "well formed, a parameter of the contact", "ok", "-", "-"},
    {"cparam02", "3.3.13", "well formed, a parameter of the URI", "ok", "-", "-"},
    {"regescrt", "3.3.14", "well formed, the header stays in the URI", "ok", "-", "-"},
    {"sdp01", "3.3.15", "well formed; 406 or 400 by who makes the body", "ok", "-", "-"},
    {"inv2543", "3.4.1", "should be accepted", "ok", "-", "-"},
    {"test", "-", "malformed, and no Via to answer to", "drop", "", ""},
};

std::string got_by(const Message& message, const Abilities& element) {
  if (!message.is_request()) return "-";
  const auto answer = refuse_early(message, element, "t");
  return answer ? std::to_string(answer->status()) : "-";
}

TEST(Torture, EachMessageIsTreatedAsTheRfcAsks) {
  for (const auto& row : k_table) {
    const auto message = parsed(row.name);
    if (message) {
      EXPECT_STREQ("ok", row.parser) << row.name << " " << row.section;
      EXPECT_EQ(got_by(*message, k_proxy), row.proxy) << row.name;
      EXPECT_EQ(got_by(*message, k_endpoint), row.endpoint) << row.name;
    } else {
      const auto& refusal = message.error();
      EXPECT_EQ(refusal.can_be_answered() ? std::to_string(refusal.status) : "drop", row.parser)
          << row.name << " " << row.section << ": " << refusal.reason;
    }
  }
}

TEST(Torture, TheTableHasEveryFile) {
  std::set<std::string> listed, there;
  for (const auto& row : k_table) listed.insert(row.name);
  for (const auto& file : std::filesystem::directory_iterator(RINGWAY_TORTURE_DIR))
    if (file.path().extension() == ".dat") there.insert(file.path().stem());
  EXPECT_EQ(listed, there);
  EXPECT_EQ(std::size(k_table), 50u);
}

// What is forwarded says what came: print and parse change nothing.
TEST(Torture, WellFormedOnesArePrintedAsTheyWereUnderstood) {
  for (const auto& row : k_table) {
    const auto message = parsed(row.name);
    if (!message) continue;
    const std::string once = message->print();
    const auto again = parse_message(view_of(once), Framing::stream);
    ASSERT_TRUE(again.ok()) << row.name << ": " << again.error().reason;
    EXPECT_EQ(again->print(), once) << row.name;
    EXPECT_EQ(again->body, message->body) << row.name;
  }
}

TEST(Torture, EveryAnswerToARefusedOneIsAResponse) {
  for (const auto& row : k_table) {
    const auto message = parsed(row.name);
    if (message || !message.error().can_be_answered()) continue;
    EXPECT_TRUE(message.error().top_via) << row.name << ": nobody knows where to";
    const std::string answer = answer_to(message.error(), "t");
    EXPECT_EQ(answer.rfind("SIP/2.0 " + std::to_string(message.error().status) + ' ', 0), 0u) << row.name;
    EXPECT_NE(answer.find("\r\nVia: "), std::string::npos) << row.name;
    EXPECT_TRUE(read_header_lines(answer).ok()) << row.name;
  }
}

TEST(Torture, Wsinv) {
  const auto message = well_formed("wsinv");
  ASSERT_EQ(message.vias.size(), 3u);
  EXPECT_EQ(message.vias[0].sent_by(), "192.0.2.2");
  EXPECT_EQ(message.vias[1].transport, "TCP");
  EXPECT_EQ(message.vias[2].branch(), "z9hG4bK30239");
  EXPECT_EQ(message.max_forwards, 68);
  EXPECT_EQ(message.cseq.number, 9u);
  EXPECT_EQ(message.to.tag(), "1918181833n");
  EXPECT_EQ(from_quoted_string(message.from.display_name), "J Rosenberg \\\"");
  EXPECT_EQ(message.contacts.at(0).q_thousandths(), 330u);
  EXPECT_TRUE(message.routes.at(0).uri.has_loose_routing());
  EXPECT_EQ(*message.field("UnknownHeaderWithUnusualValue"), ";;,,;;,;");
  EXPECT_EQ(*message.field("NewFangledHeader"), "newfangled value continued newfangled value");
  EXPECT_EQ(message.body.size(), 150u);
}

TEST(Torture, Intmeth) {
  const auto message = well_formed("intmeth");
  EXPECT_EQ(message.method(), "!interesting-Method0123456789_*+`.%indeed'~");
  EXPECT_EQ(message.vias.at(0).branch(), "z9hG4bK-.!%66*_+`'~");
  EXPECT_EQ(from_quoted_string(message.to.display_name), std::string("BEL:\a NUL:\0 DEL:\x7f", 17));
  EXPECT_EQ(message.from.tag(), "_token~1'+`*%!-.");
  EXPECT_EQ(message.call_id, "intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{");
}

TEST(Torture, Escapes) {
  EXPECT_EQ(well_formed("esc01").request_uri().user_unescaped(), "sips:user@example.com");
  EXPECT_TRUE(equivalent(well_formed("esc01").to.uri, *Uri::parse("sip:user@example.com")));
  const auto contact = well_formed("esc01").contacts.at(0).uri;
  EXPECT_EQ(unescaped(contact.parameters.value("n%61me")), "value%41");
  const auto null = well_formed("escnull");
  EXPECT_EQ(null.to.uri.user_unescaped(), std::string("null-\0-null", 11));
  ASSERT_EQ(null.contacts.size(), 2u);
  EXPECT_FALSE(equivalent(null.contacts[0].uri, null.contacts[1].uri));
  EXPECT_EQ(well_formed("esc02").contacts.size(), 2u);
  EXPECT_EQ(well_formed("esc02").method(), "RE%47IST%45R");
  EXPECT_EQ(well_formed("semiuri").request_uri().user_unescaped(), "user;par=u@example.net");
}

TEST(Torture, Bodies) {
  EXPECT_EQ(well_formed("dblreq").body, "");
  EXPECT_EQ(well_formed("mpart01").body.size(), 553u);
  EXPECT_NE(well_formed("mpart01").body.find('\0'), std::string::npos);
  EXPECT_EQ(well_formed("inv2543").body.rfind("v=0\r\n", 0), 0u);
}

TEST(Torture, WhereAParameterBelongs) {
  const auto of_contact = well_formed("cparam01").contacts.at(0),
             of_uri = well_formed("cparam02").contacts.at(0);
  EXPECT_TRUE(of_contact.parameters.has("unknownparam"));
  EXPECT_FALSE(of_contact.uri.parameters.has("unknownparam"));
  EXPECT_TRUE(of_uri.uri.parameters.has("unknownparam"));
  EXPECT_EQ(well_formed("regescrt").contacts.at(0).uri.print(),
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E");
}

TEST(Torture, WhatAProxyPassesOn) {
  EXPECT_EQ(*well_formed("regaut01").field("Authorization"), "NoOneKnowsThisScheme opaque-data=here");
  EXPECT_FALSE(without_top_via(well_formed("bcast")));
  EXPECT_EQ(well_formed("unreason").reason().substr(0, 15), "= 2**3 * 5**2 \xd0");
  EXPECT_EQ(well_formed("longreq").vias.size(), 34u);
  EXPECT_EQ(well_formed("transports").vias.at(3).transport, "UNKNOWN");
}

TEST(Torture, WhatTheUnsupportedAre) {
  EXPECT_EQ(*refuse_early(well_formed("bext01"), k_proxy, "t")->field("Unsupported"),
            "noProxiesSupportThis, norDoAnyProxiesSupportThis");
  EXPECT_EQ(*refuse_early(well_formed("bext01"), k_endpoint, "t")->field("Unsupported"),
            "nothingSupportsThis, nothingSupportsThisEither");
  EXPECT_FALSE(well_formed("badbranch").vias.at(0).has_transaction_id());
}

}  // namespace
}  // namespace ringway::sip
