#include "sip-usage/presence/publications.hpp"

#include <gmock/gmock.h>

#include "tests/sip-usage/presence/stage.hpp"

namespace ringway::sip::presence {
namespace {

using test::document;
using test::Request;
using ::testing::ElementsAre;

struct Stage {
  Result<Published, Rejection> publish(const Request& request) {
    return publications.publish(now, test::k_alice, message_of(request), test::settings(), random);
  }
  Published published(const Request& request) {
    auto out = publish(request);
    EXPECT_TRUE(out.ok()) << (out.ok() ? 0 : out.error().status);
    return out.ok() ? *out : Published{};
  }
  unsigned status(const Request& request) {
    const auto out = publish(request);
    return out ? 200 : out.error().status;
  }
  Publications publications;
  test::CountingRandom random;
  MonoTime now{1'000'000};
};

Request with(std::vector<std::string> lines, std::string body = {}) {
  Request out;
  out.more = std::move(lines);
  out.body = std::move(body);
  return out;
}
std::string if_match(const std::string& etag) { return "SIP-If-Match: " + etag; }

TEST(Publications, AreMadeRefreshedModifiedAndRemoved) {
  Stage stage;
  const std::string first = document("a", "1"), second = document("a", "2");
  const auto made = stage.published(with({"Expires: 600"}, first));
  EXPECT_EQ(made.expires_s, 600U);
  EXPECT_THAT(stage.publications.documents(), ElementsAre(first));

  stage.now = stage.now + std::chrono::seconds(500);
  const auto refreshed = stage.published(with({"Expires: 600", if_match(made.etag)}));
  EXPECT_NE(refreshed.etag, made.etag) << "each success gives a new one (RFC 3903 §6 step 6)";
  EXPECT_EQ(stage.status(with({"Expires: 600", if_match(made.etag)})), 412U);
  EXPECT_EQ(*stage.publications.next_wake(), stage.now + std::chrono::seconds(600));

  const auto modified = stage.published(with({"Expires: 600", if_match(refreshed.etag)}, second));
  EXPECT_THAT(stage.publications.documents(), ElementsAre(second));

  const auto removed = stage.published(with({"Expires: 0", if_match(modified.etag)}));
  EXPECT_EQ(removed.expires_s, 0U);
  EXPECT_TRUE(stage.publications.empty());
  EXPECT_EQ(stage.status(with({"Expires: 0", if_match(modified.etag)})), 412U);
}

TEST(Publications, EndWithTheirTime) {
  Stage stage;
  stage.published(with({"Expires: 60"}, document("a", "1")));
  const auto longer = stage.published(with({"Expires: 61"}, document("b", "2")));
  EXPECT_EQ(*stage.publications.next_wake(), stage.now + std::chrono::seconds(60));
  EXPECT_FALSE(stage.publications.on_timer(stage.now + Duration(59'999)));
  EXPECT_TRUE(stage.publications.on_timer(stage.now + Duration(60'000)));
  EXPECT_EQ(stage.publications.size(), 1U);
  stage.now = stage.now + Duration(61'000);
  EXPECT_EQ(stage.status(with({if_match(longer.etag)})), 412U) << "it has ended, timer or not";
}

TEST(Publications, TheLatestDocumentComesFirst) {
  Stage stage;
  const std::string a = document("a", "1"), b = document("b", "2"), c = document("a", "3");
  const auto first = stage.published(with({}, a));
  stage.published(with({}, b));
  EXPECT_THAT(stage.publications.documents(), ElementsAre(b, a));
  const auto refreshed = stage.published(with({if_match(first.etag)}));
  EXPECT_THAT(stage.publications.documents(), ElementsAre(b, a)) << "a refresh says nothing new";
  stage.published(with({if_match(refreshed.etag)}, c));
  EXPECT_THAT(stage.publications.documents(), ElementsAre(c, b));
}

TEST(Publications, WhatIsRefused) {
  const std::string good = document("a", "1");
  const struct {
    const char* what;
    Request request;
    unsigned status;
  } k_rows[] = {
      {"nothing about its end: the default", with({}, good), 200},
      {"the shortest", with({"Expires: 60"}, good), 200},
      {"too brief", with({"Expires: 59"}, good), 423},
      {"no document", with({"Expires: 600"}), 400},
      {"an unknown entity-tag", with({if_match("other")}, good), 412},
      {"two entity-tags", with({if_match("a, b")}, good), 400},
      {"no entity-tag", with({if_match("")}, good), 400},
      {"compressed", with({"Content-Encoding: gzip"}, good), 415},
      {"no presence document", with({}, "<a/>"), 400},
      {"a document that is too long", with({}, document("a", std::string(k_max_document_bytes, 'x'))), 413},
      {"one that becomes too long", with({}, document("a", std::string(4000, '>'))), 413},
      {"a first one that ends at once", with({"Expires: 0"}, good), 200},
  };
  for (const auto& row : k_rows) EXPECT_EQ(Stage().status(row.request), row.status) << row.what;
  Stage stage;
  Message other = message_of(with({}, good));
  other.set_field("Content-Type", "text/plain");
  auto refused = stage.publications.publish(stage.now, test::k_alice, other, test::settings(), stage.random);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().status, 415U);
  other.set_field("Content-Type", "Application/PIDF+xml ; charset=utf-8");
  EXPECT_TRUE(stage.publications.publish(stage.now, test::k_alice, other, test::settings(), stage.random));
  refused = stage.publish(with({"Expires: 1"}, good));
  EXPECT_EQ(refused.error().min_expires_s, 60U);
}

TEST(Publications, ThatAreRefusedChangeNothing) {
  Stage stage;
  const std::string good = document("a", "1");
  const auto made = stage.published(with({"Expires: 600"}, good));
  for (const auto& request : {with({"Expires: 1", if_match(made.etag)}), with({if_match(made.etag)}, "<a/>"),
                              with({if_match(made.etag)}, document("a", "", "busy"))}) {
    EXPECT_NE(stage.status(request), 200U);
  }
  EXPECT_THAT(stage.publications.documents(), ElementsAre(good));
  EXPECT_EQ(*stage.publications.next_wake(), stage.now + std::chrono::seconds(600));
  EXPECT_EQ(stage.status(with({if_match(made.etag)})), 200U) << "its entity-tag is what it was";
}

TEST(Publications, AreBounded) {
  Stage stage;
  std::string etag;
  for (std::size_t n = 0; n < k_max_publications_of_user; ++n)
    etag = stage.published(with({"Expires: 600"}, document("a", std::to_string(n)))).etag;
  EXPECT_EQ(stage.status(with({}, document("a", "one more"))), 403U);
  EXPECT_EQ(stage.status(with({if_match(etag)}, document("a", "another"))), 200U);
  stage.now = stage.now + std::chrono::seconds(600);
  EXPECT_EQ(stage.status(with({}, document("a", "one more"))), 200U);
  EXPECT_EQ(stage.published(with({"Expires: 4000000000"}, document("b", ""))).expires_s, 7200U);
}

}  // namespace
}  // namespace ringway::sip::presence
