// Contact preferences: predicates of RFC 2533 are read, judged and made.
#include "sip-usage/registration/contact_preferences.hpp"

#include <gtest/gtest.h>

namespace ringway::sip {
namespace {

ContactPreferences parsed(std::string_view text) {
  auto preferences = ContactPreferences::parse(text);
  EXPECT_TRUE(preferences.ok()) << text << ": " << preferences.error().reason;
  return preferences ? *preferences : ContactPreferences{};
}
bool refused(const std::string& text) { return !ContactPreferences::parse(text); }

TEST(ContactPreferences, TheSchemeIsRead) {
  // Shows: SIP-06, SIP-19.
  EXPECT_EQ(parsed("").scheme(), SchemePreference::either);
  EXPECT_EQ(parsed("(sip.schemes=SIP)").scheme(), SchemePreference::sip);
  EXPECT_EQ(parsed("(sip.schemes=SIPS)").scheme(), SchemePreference::sips);
  EXPECT_EQ(parsed(" ( SIP.Schemes = \"sips\" ) ").scheme(), SchemePreference::sips);
  EXPECT_EQ(parsed("(|(sip.schemes=SIP)(sip.schemes=SIPS))").scheme(), SchemePreference::either);
  EXPECT_EQ(parsed("(sip.schemes=[SIP,SIPS])").scheme(), SchemePreference::either);
  EXPECT_EQ(parsed("(& (sip.audio=TRUE) (sip.schemes=SIPS))").scheme(), SchemePreference::sips);
  EXPECT_EQ(parsed("(!(sip.schemes=SIP))").scheme(), SchemePreference::sips);
  EXPECT_EQ(parsed("(!(&(sip.audio=TRUE)(sip.schemes=SIP)))").scheme(), SchemePreference::either);
  EXPECT_EQ(parsed("(sip.schemes=tel)").scheme(), SchemePreference::neither);
  EXPECT_EQ(parsed("(sip.audio=TRUE)").scheme(), SchemePreference::either);
}

TEST(ContactPreferences, OfASchemeTheyAreAsInTheRfc) {
  // Shows: SIP-06.
  EXPECT_EQ(ContactPreferences::of_scheme(SchemePreference::sips).text(), "(sip.schemes=SIPS)");
  EXPECT_EQ(ContactPreferences::of_scheme(SchemePreference::sip).text(), "(sip.schemes=SIP)");
  EXPECT_EQ(ContactPreferences::of_scheme(SchemePreference::either).text(), "");
  EXPECT_EQ(ContactPreferences::of_scheme(SchemePreference::sips).scheme(), SchemePreference::sips);
}

TEST(ContactPreferences, TheVoicemailServerOfRfc3840IsReadAndMade) {
  // Shows: SIP-06.
  // RFC 3840 §6.
  const auto read = parsed(
      "(& (sip.audio=TRUE)\r\n (sip.video=TRUE)\r\n (sip.actor=msg-taker)\r\n (sip.automata=TRUE)\r\n"
      " (sip.mobility=fixed)\r\n (| (sip.methods=INVITE) (sip.methods=BYE) (sip.methods=OPTIONS)\r\n"
      "  (sip.methods=ACK) (sip.methods=CANCEL)))");
  const auto made = ContactPreferences::of_parameters({{"audio", ""},
                                                       {"video", ""},
                                                       {"actor", "msg-taker"},
                                                       {"automata", ""},
                                                       {"mobility", "fixed"},
                                                       {"methods", "INVITE,BYE,OPTIONS,ACK,CANCEL"},
                                                       {"expires", "60"}});
  ASSERT_TRUE(made.ok()) << made.error().reason;
  EXPECT_EQ(
      made->text(),
      "(&(sip.audio=TRUE)(sip.video=TRUE)(sip.actor=msg-taker)(sip.automata=TRUE)(sip.mobility=fixed)"
      "(|(sip.methods=INVITE)(sip.methods=BYE)(sip.methods=OPTIONS)(sip.methods=ACK)(sip.methods=CANCEL)))");
  for (const auto& one : {read, *made}) {
    EXPECT_TRUE(one.admits("sip.methods", "ack"));
    EXPECT_FALSE(one.admits("sip.methods", "SUBSCRIBE"));
    EXPECT_FALSE(one.admits("sip.audio", "FALSE"));
    EXPECT_TRUE(one.admits("sip.text", "TRUE"));  // nothing is said
  }
}

TEST(ContactPreferences, ParametersOfEachFormAreMade) {
  const auto text = [](const std::vector<FeatureParameter>& parameters) {
    const auto made = ContactPreferences::of_parameters(parameters);
    return made ? made->text() : "refused: " + made.error().reason;
  };
  EXPECT_EQ(text({}), "");
  EXPECT_EQ(text({{"q", "0.5"}, {"methods", "!BYE"}}), "(!(sip.methods=BYE))");
  EXPECT_EQ(text({{"+rangeparam", "#-4:+5"}}), "(rangeparam=[-4..+5])");
  EXPECT_EQ(text({{"priority", "#>=20"}}), "(sip.priority>=20)");
  EXPECT_EQ(text({{"description", "<PC with camera>"}}), "(sip.description=\"PC with camera\")");
  EXPECT_EQ(text({{"language", "en,de"}}), "(|(language=en)(language=de))");
  EXPECT_EQ(text({{"methods", "INVITE)(sip.schemes=SIP"}}).substr(0, 7), "refused");
}

TEST(ContactPreferences, AQualityStandsAtTheWhole) {
  EXPECT_EQ(parsed("(sip.audio=TRUE)").q_thousandths(), k_highest_q);
  EXPECT_EQ(parsed("(sip.audio=TRUE);q=0.25").q_thousandths(), 250U);
  EXPECT_EQ(parsed("(&(sip.audio=TRUE);q=0.1);q=1.000").q_thousandths(), 1000U);
  EXPECT_EQ(parsed("(sip.audio=TRUE);x=y;q=0").q_thousandths(), 0U);
  for (const unsigned q : {0U, 5U, 70U, 500U, 999U, 1000U}) {
    const auto made = ContactPreferences::of_parameters({}, q);
    ASSERT_TRUE(made.ok()) << made.error().reason;
    EXPECT_EQ(made->q_thousandths(), q) << made->text();
    EXPECT_EQ(made->scheme(), SchemePreference::either);
  }
  for (const char* q : {"", "2", "1.001", "0.1234", ".5", "0,5", "-1"})
    EXPECT_TRUE(refused("(a=b);q=" + std::string(q))) << q;
}

TEST(ContactPreferences, WhatIsNoPredicateIsRefused) {
  for (const char* text : {" ",      "a",        "()",      "(a)",   "(a=)",    "(=b)",     "(a=b",
                           "a=b)",   "(a=b))",   "(a=b) x", "(&)",   "(|a=b)",  "(!)",      "(!(a=b)(c=d))",
                           "(a=[b)", "(a=[b,])", "(a=\"b)", "(a<b)", "(a=b);q", "(a=[1..])"})
    EXPECT_TRUE(refused(text)) << text;
  EXPECT_FALSE(refused("(a=[3,4,6..17/2])"));
  EXPECT_FALSE(refused("(&(a<=3)(a>=-1/2))"));
}

TEST(ContactPreferences, AreBounded) {
  const auto nested = [](std::size_t depth) {
    std::string text = "(a=b)";
    for (std::size_t i = 1; i < depth; ++i) text = "(!" + text + ")";
    return text;
  };
  EXPECT_FALSE(refused(nested(k_max_predicate_depth)));
  EXPECT_TRUE(refused(nested(k_max_predicate_depth + 1)));
  const auto wide = [](std::size_t items) {
    std::string text = "(|";
    for (std::size_t i = 1; i < items; ++i) text += "(a=b)";
    return text + ")";
  };
  EXPECT_FALSE(refused(wide(k_max_predicate_items)));
  EXPECT_TRUE(refused(wide(k_max_predicate_items + 1)));
  const auto padded = [](std::size_t size) { return "(a=\"" + std::string(size - 6, 'x') + "\")"; };
  EXPECT_FALSE(refused(padded(k_max_contact_prefs_bytes)));
  EXPECT_TRUE(refused(padded(k_max_contact_prefs_bytes + 1)));
  EXPECT_TRUE(refused(std::string(k_max_contact_prefs_bytes, '(')));
}

}  // namespace
}  // namespace ringway::sip
