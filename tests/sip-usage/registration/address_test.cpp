// Addresses: which Resource Name a URI stands for.
#include "sip-usage/registration/address.hpp"

#include <gtest/gtest.h>

namespace ringway::sip {
namespace {

const std::string k_overlay = "overlay.example.org";

std::string name_of(std::string_view uri) {
  const auto address = read_address(uri, k_overlay);
  return address ? address->aor.name() : "refused: " + address.error().reason;
}
bool refused(std::string_view uri) { return !read_address(uri, k_overlay); }

TEST(Addresses, TheResourceNameIsTheAorWithoutScheme) {
  // Shows: SIP-02.
  for (const char* uri :
       {"sip:alice@dht.example.com", "sips:alice@dht.example.com", "SIP:alice@dht.example.com",
        "alice@dht.example.com", "sip:alice@DHT.Example.COM:5060;transport=tcp?subject=x",
        "sip:%61lic%65@dht.example.com", "alice@dht.example.com:5061"}) {
    EXPECT_EQ(name_of(uri), "alice@dht.example.com") << uri;
  }
  // conformance.md, appendix C.
  EXPECT_EQ(read_address("sip:alice@dht.example.com", k_overlay)->aor.resource().hex(),
            "0c51a942f50c828aef82a5af83e8ed59");
  EXPECT_EQ(read_address("bob@dht.example.com", k_overlay)->aor.resource().hex(),
            "6c1cfd6d5d9e35557d66a1b05f9e2247");
}

TEST(Addresses, CaseCountsInTheUserPart) {
  EXPECT_EQ(name_of("sip:Alice@Example.org"), "Alice@example.org");
  EXPECT_LT(*Aor::of_user_name("Alice@example.org"), *Aor::of_user_name("alice@example.org"));
}

TEST(Addresses, SchemesAreTold) {
  EXPECT_EQ(read_address("sip:a@b.c", k_overlay)->scheme, Scheme::sip);
  EXPECT_EQ(read_address("sIPs:a@b.c", k_overlay)->scheme, Scheme::sips);
  EXPECT_EQ(read_address("tel:+431", k_overlay)->scheme, Scheme::tel);
  EXPECT_EQ(read_address("a@b.c", k_overlay)->scheme, Scheme::none);
  EXPECT_TRUE(refused("http://a@b.c"));
  EXPECT_TRUE(refused("mailto:a@b.c"));
}

TEST(Addresses, TelephoneNumbersAreUsersOfTheOverlay) {
  // Shows: SIP-02.
  EXPECT_EQ(name_of("tel:+43-1-(58801).0"), "+431588010@overlay.example.org");
  EXPECT_EQ(name_of("TEL:+4312345;ext=7"), "+4312345@overlay.example.org");
  EXPECT_EQ(name_of("tel:+123456789012345"), "+123456789012345@overlay.example.org");
  for (const char* uri : {"tel:12345", "tel:+", "tel:+1234567890123456", "tel:+43a", "tel:", "tel:+43 1"})
    EXPECT_TRUE(refused(uri)) << uri;
}

TEST(Addresses, WhatNoCertificateCanHaveIsRefused) {
  for (const char* uri : {"",
                          "sip:",
                          "sip:example.org",
                          "sip:@example.org",
                          "sip:a@",
                          "sip:a@b@c.org",
                          "sip:a%40b@c.org",
                          "sip:a%@c.org",
                          "sip:a%4@c.org",
                          "sip:a%4g@c.org",
                          "sip:a%00@c.org",
                          "sip:a%20b@c.org",
                          "sip:a b@c.org",
                          "sip:\xC3\xA4@c.org",
                          "sip:a@-b.org",
                          "sip:a@b_c.org",
                          "sip:a@b..org",
                          "sip:a@b.org:",
                          "sip:a@b.org:x",
                          "sip:a@b.org:123456",
                          "sip:a:secret@b.org",
                          "sip:a@[2001:db8::1]"})
    EXPECT_TRUE(refused(uri)) << uri;
}

TEST(Addresses, AreBounded) {
  const std::string domain = "@example.org";
  const std::string longest(k_max_aor_bytes - domain.size(), 'a');
  EXPECT_EQ(name_of("sip:" + longest + domain), longest + domain);
  EXPECT_TRUE(refused("sip:a" + longest + domain));
  const std::string uri = "sip:alice" + domain + ";x=";
  EXPECT_FALSE(refused(uri + std::string(k_max_address_bytes - uri.size(), 'x')));
  EXPECT_TRUE(refused(uri + std::string(k_max_address_bytes - uri.size() + 1, 'x')));
}

TEST(Addresses, TheGrParameterIsFound) {
  EXPECT_EQ(read_address("sip:a@b.c", k_overlay)->gr, std::nullopt);
  EXPECT_EQ(read_address("sip:a@b.c;user=phone;GR=ab%7E?h=1", k_overlay)->gr, "ab~");
  EXPECT_EQ(read_address("a@b.c;gr=urn:uuid:1", k_overlay)->gr, "urn:uuid:1");
  EXPECT_EQ(read_address("sip:a@b.c;gr", k_overlay)->gr, "");
  EXPECT_EQ(read_address("sip:a;gr=x@b.c", k_overlay)->gr, std::nullopt);  // of the user part
  EXPECT_TRUE(refused("sip:a@b.c;gr=x;gr=y"));
  EXPECT_TRUE(refused("sip:a@b.c;gr=%x"));
  EXPECT_FALSE(refused("sip:a@b.c;gr=" + std::string(k_max_gr_bytes, 'A')));
  EXPECT_TRUE(refused("sip:a@b.c;gr=" + std::string(k_max_gr_bytes + 1, 'A')));
}

TEST(Addresses, EscapingComesBack) {
  for (const char* name :
       {"alice@example.org", "+431@example.org", "a#b\"<c>[d]%41@example.org", "a:b@example.org"}) {
    const auto aor = Aor::of_user_name(name);
    ASSERT_TRUE(aor.ok()) << name;
    EXPECT_EQ(name_of("sip:" + escaped(*aor)), name);
  }
  EXPECT_EQ(escaped(*Aor::of_user_name("a:b@example.org")), "a%3ab@example.org");
}

}  // namespace
}  // namespace ringway::sip
