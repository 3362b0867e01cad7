// Which domains a Kind's users may be of, in a document and matched.
#include "reload/config/domain_restriction.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reload/config/document_fixture.hpp"

namespace ringway::config {
namespace {

using testing::HasSubstr;

std::string kind_with(const std::string& restriction,
                      const std::string& attributes = "name=\"SIP-REGISTRATION\"") {
  return "<required-kinds xmlns:sip=\"" + std::string(k_sip_namespace) + "\"><kind-block><kind " +
         attributes +
         "><data-model>DICTIONARY</data-model><access-control>USER-NODE-MATCH</access-control>"
         "<max-count>9</max-count><max-size>99</max-size>" +
         restriction + "</kind><kind-signature>AAAA</kind-signature></kind-block></required-kinds>";
}
std::string patterns(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& one : all) out += "<sip:pattern>" + one + "</sip:pattern>";
  return out;
}
std::string enabled(const std::vector<std::string>& all) {
  return "<sip:domain-restriction enable=\"true\">" + patterns(all) + "</sip:domain-restriction>";
}
// The one of a document that is accepted.
std::optional<DomainRestriction> read(const std::string& restriction) {
  const auto parsed = parse_content(kind_with(restriction));
  EXPECT_TRUE(parsed.ok()) << parsed.error().reason;
  if (!parsed) return std::nullopt;
  const auto* kind = (*parsed)->kinds.find(k_sip_registration);
  return kind == nullptr ? std::nullopt : kind->domain_restriction;
}
std::string refusal(const std::string& restriction) { return refusal_of_content(kind_with(restriction)); }
bool matches(const std::string& pattern, std::string_view domain) {
  const auto compiled = DomainPattern::compile(pattern);
  EXPECT_TRUE(compiled.ok()) << pattern << ": " << compiled.error().reason;
  return compiled && compiled->matches(domain);
}

TEST(DomainRestrictions, AreReadAsTheDocumentHasThem) {
  // Shows: SIP-09, SIP-11.
  EXPECT_EQ(read(""), std::nullopt);
  const auto unset = read("<sip:domain-restriction/>");
  ASSERT_TRUE(unset.has_value());
  EXPECT_FALSE(unset->enable);
  EXPECT_FALSE(
      read("<sip:domain-restriction enable=\"0\"><sip:pattern>a</sip:pattern></sip:domain-restriction>")
          ->enable);
  const auto listed = read(enabled({" dht\\.example\\.com ", ".*\\.my\\.example"}));
  ASSERT_TRUE(listed.has_value());
  EXPECT_TRUE(listed->enable);
  ASSERT_EQ(listed->patterns.size(), 2U);
  EXPECT_EQ(listed->patterns[0].text(), "dht\\.example\\.com");
  // As the RFC's prose has it.
  EXPECT_TRUE(read("<sip:domain-restrictions enable=\"1\"/>")->enable);
  // Foreign elements and attributes may be anywhere.
  EXPECT_TRUE(
      read("<sip:domain-restriction enable=\"true\" ext:x=\"1\"><ext:y/></sip:domain-restriction>")->enable);
}

TEST(DomainRestrictions, ThatCannotBeAppliedKeepThisProgramOut) {
  // Shows: SIP-09, SIP-11.
  for (const std::string& wrong :
       {std::string("<sip:domain-restriction enable=\"yes\"/>"), enabled({"("}), enabled({""}),
        std::string("<sip:domain-restriction/><sip:domain-restriction/>"),
        std::string("<sip:domain-restriction/><sip:domain-restrictions/>"),
        std::string("<sip:domain-restriction enabled=\"true\"/>"),
        std::string("<sip:domain-restriction><sip:pattern x=\"1\">a</sip:pattern></sip:domain-restriction>"),
        std::string("<sip:domain-restriction>a</sip:domain-restriction>"),
        std::string("<sip:domain-restriction><sip:patern>a</sip:patern></sip:domain-restriction>"),
        std::string("<sip:restriction/>"), std::string("<domain-restriction/>")})
    EXPECT_NE(refusal(wrong), "") << wrong;
  EXPECT_NE(
      refusal_of_content("<sip:domain-restriction xmlns:sip=\"" + std::string(k_sip_namespace) + "\"/>"), "");
}

TEST(DomainRestrictions, TheNamespaceMayBeMandatory) {
  // Shows: SIP-11.
  const std::string extension =
      "<mandatory-extension>" + std::string(k_sip_namespace) + "</mandatory-extension>";
  EXPECT_EQ(refusal_of_content(extension), "");
}

TEST(DomainRestrictions, AcceptDomains) {
  // Shows: SIP-09.
  DomainRestriction own;
  EXPECT_TRUE(own.accepts("Overlay.example.org", "overlay.Example.org"));
  EXPECT_FALSE(own.accepts("x.overlay.example.org", "overlay.example.org"));
  const auto listed = read(enabled({"dht\\.example\\.com", ".*\\.my\\.example"}));
  ASSERT_TRUE(listed.has_value());
  EXPECT_TRUE(listed->accepts("dht.example.com", "overlay.example.org"));
  EXPECT_TRUE(listed->accepts("DHT.example.com", "overlay.example.org"));
  EXPECT_TRUE(listed->accepts("a.my.example", "overlay.example.org"));
  EXPECT_FALSE(listed->accepts("my.example", "overlay.example.org"));
  EXPECT_FALSE(listed->accepts("overlay.example.org", "overlay.example.org"));
  EXPECT_FALSE(listed->accepts("", "overlay.example.org"));
}

TEST(DomainPatterns, MatchTheWholeDomain) {
  // Shows: SIP-10.
  EXPECT_TRUE(matches("example\\.com", "example.com"));
  EXPECT_FALSE(matches("example\\.com", "example.com.evil.org"));
  EXPECT_FALSE(matches("example\\.com", "evil-example.com"));
  EXPECT_TRUE(matches("a|ab|abc", "abc"));
  EXPECT_FALSE(matches("a|ab", "abc"));
  EXPECT_TRUE(matches("^example\\.com$", "example.com"));
  EXPECT_TRUE(matches("[a-z]{1,3}(\\.[[:alnum:]]+)?", "abc.d1"));
  EXPECT_FALSE(DomainPattern::compile("a)|b").ok());
}

TEST(DomainPatterns, HaveNothingThatMayTakeLong) {
  // Shows: SIP-10.
  for (const char* wrong : {"(a)\\1", "\\w", "a\\", "[[:nothing:]]", "a{1,1001}",
                            "(((a{1,100}){1,100}){1,100})", "a b", "a\xC3\xA4", "(?i)a", "*a"})
    EXPECT_FALSE(DomainPattern::compile(wrong).ok()) << wrong;
  // These keep the C library busy for minutes.
  const std::string name = std::string(k_max_domain_bytes - 1, 'a') + "!";
  EXPECT_FALSE(matches("((([a-z0-9-]*a?)*){1,4}){1,4}", name));
  EXPECT_FALSE(matches("(a*)*(a|aa)*(b|a)*a[ab]{1,20}c?.*.*.*.*.*.*.*.*.*.*b", name));
}

TEST(DomainPatterns, AreBounded) {
  EXPECT_TRUE(DomainPattern::compile(std::string(k_max_domain_pattern_bytes, 'a')).ok());
  EXPECT_FALSE(DomainPattern::compile(std::string(k_max_domain_pattern_bytes + 1, 'a')).ok());
  EXPECT_TRUE(matches("a*", std::string(k_max_domain_bytes, 'a')));
  EXPECT_FALSE(matches("a*", std::string(k_max_domain_bytes + 1, 'a')));
  EXPECT_EQ(refusal(enabled(std::vector<std::string>(k_max_domain_patterns, "a"))), "");
  EXPECT_NE(refusal(enabled(std::vector<std::string>(k_max_domain_patterns + 1, "a"))), "");
}

}  // namespace
}  // namespace ringway::config
