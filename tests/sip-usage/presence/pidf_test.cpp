#include "sip-usage/presence/pidf.hpp"

#include <gmock/gmock.h>

#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::presence {
namespace {

using test::document;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t k_plenty = k_max_shown_bytes;

std::string presence(const std::string& inside, const std::string& before = "") {
  return before + R"(<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:a@example.org">)" + inside +
         "</presence>";
}

TEST(Documents, AreChecked) {
  const std::string bomb =
      R"(<!DOCTYPE presence [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY c SYSTEM "file:///etc/passwd">]>)";
  const struct {
    const char* what;
    std::string text;
    bool good;
  } k_rows[] = {
      {"open", document("a", "here"), true},
      {"closed", document("a", "away", "closed"), true},
      {"no tuple", presence(""), true},
      {"a tuple without a basic status", presence(R"(<tuple id="t"><status/></tuple>)"), true},
      {"elements of others", presence(R"(<p:person xmlns:p="urn:x" id="p"/>)"), true},
      {"a prefix", R"(<i:presence xmlns:i="urn:ietf:params:xml:ns:pidf"><i:tuple id="t"/></i:presence>)",
       true},
      {"another status", document("a", "", "busy"), false},
      {"another root", "<presence/>", false},
      {"cut off", document("a", "here").substr(0, 100), false},
      {"no XML", "open", false},
      {"nothing", "", false},
      {"a DTD", presence("<note>&b;</note>", bomb), false},
      {"a file", presence("<note>&c;</note>", bomb), false},
      {"no UTF-8", presence("<note>\xff</note>"), false},
      {"another encoding", presence("", R"(<?xml version="1.0" encoding="UTF-16"?>)"), false},
  };
  for (const auto& row : k_rows) EXPECT_EQ(check_document(row.text).ok(), row.good) << row.what;
}

TEST(Documents, AreBounded) {
  const auto padded = [](std::size_t bytes) {
    const std::string empty = presence("<note></note>");
    return presence("<note>" + std::string(bytes - empty.size(), 'x') + "</note>");
  };
  EXPECT_TRUE(check_document(padded(k_max_document_bytes)));
  EXPECT_FALSE(check_document(padded(k_max_document_bytes + 1)));
  std::string many;
  for (std::size_t n = 0; n < k_max_document_elements; ++n) many += "<note/>";
  EXPECT_TRUE(check_document(presence(many)));
  EXPECT_FALSE(check_document(presence(many + "<note/>")));
  std::string deep;
  for (int n = 0; n < 400; ++n) deep += "<d>";
  EXPECT_FALSE(check_document(presence(deep)));
}

TEST(Composition, HasWhatAllSayAboutThisUser) {
  const std::string first = document("a", "at home"), second = document("b", "at work", "closed");
  const std::string out = composed(test::k_alice, {first, second}, k_plenty);
  EXPECT_TRUE(check_document(out)) << out;
  EXPECT_THAT(out, HasSubstr(R"(entity="pres:alice@example.org")"));
  EXPECT_THAT(out, Not(HasSubstr("whoever"))) << "nobody publishes about others";
  EXPECT_LT(out.find("at home"), out.find("at work"));
  EXPECT_THAT(out, HasSubstr("<basic>closed</basic>"));
}

TEST(Composition, KeepsElementsOfOthersAndTheirNamespaces) {
  const std::string rich =
      R"(<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model")"
      R"( xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:x@y"><!-- hidden -->)"
      R"(<dm:person id="p1"><r:activities><r:busy/></r:activities></dm:person></presence>)";
  const std::string out = composed(test::k_alice, {rich, rich}, k_plenty);
  ASSERT_TRUE(check_document(out)) << out;
  EXPECT_THAT(out, HasSubstr("<r:busy/>"));
  EXPECT_THAT(out, HasSubstr(R"(xmlns:r="urn:ietf:params:xml:ns:pidf:rpid")"));
  EXPECT_THAT(out, Not(HasSubstr("hidden")));
}

TEST(Composition, GivesEachElementItsOwnId) {
  const std::string out =
      composed(test::k_alice, {document("a", "1"), document("a", "2"), document("a-1", "3")}, k_plenty);
  EXPECT_THAT(out, HasSubstr(R"(id="a")"));
  EXPECT_THAT(out, HasSubstr(R"(id="a-1")"));
  EXPECT_EQ(out.find(R"(id="a")"), out.rfind(R"(id="a")")) << out;
  EXPECT_EQ(out.find(R"(id="a-1")"), out.rfind(R"(id="a-1")")) << out;
}

TEST(Composition, LeavesOutWhatDoesNotFitOrCannotBeRead) {
  const std::string large = document("l", std::string(5000, 'x')), small = document("s", "small");
  const std::string out = composed(test::k_alice, {large, "nonsense", large, small}, 6000);
  EXPECT_LE(out.size(), 6000U);
  EXPECT_EQ(out.find("xxx"), out.find(std::string(5000, 'x')));
  EXPECT_THAT(out, HasSubstr(R"(id="l")"));
  EXPECT_THAT(out, Not(HasSubstr(R"(id="l-)")));
  EXPECT_THAT(out, HasSubstr("small"));
}

TEST(Composition, IsADocumentThatEverybodyTakes) {
  std::string many;
  for (std::size_t n = 0; n < k_max_document_elements; ++n) many += "<note/>";
  const std::string out = composed(test::k_alice, {presence(many), document("a", "one more")}, k_plenty);
  EXPECT_TRUE(check_document_about(test::k_alice, out)) << "others would refuse more elements";
  EXPECT_THAT(out, Not(HasSubstr("one more")));
  EXPECT_FALSE(check_document_about(test::k_bob, out));
  EXPECT_FALSE(check_document_about(test::k_alice, "<a/>"));
}

TEST(Composition, OfNothingSaysWhetherAPhoneIsThere) {
  const Aor odd = test::aor("o'neil&co@example.org");
  for (const auto basic : {Basic::open, Basic::closed}) {
    const std::string out = derived(odd, basic);
    EXPECT_TRUE(check_document(out)) << out;
    EXPECT_THAT(out, HasSubstr(basic == Basic::open ? "<basic>open</basic>" : "<basic>closed</basic>"));
    EXPECT_THAT(out, HasSubstr("&amp;co@example.org"));
  }
}

}  // namespace
}  // namespace ringway::sip::presence
