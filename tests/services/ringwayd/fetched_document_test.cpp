// The document of a peer that was off while its own expired.
#include "services/ringwayd/fetched_document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/enrolld/folder/files.hpp"
#include "services/enrolld/http/router.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enrolld/http/support/server_under_test.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

namespace http = ringway::enrolld_http;
using testing::HasSubstr;

constexpr WallMs k_hour_ms = 3'600'000;

class FetchedDocumentTest : public testing::Test {
 protected:
  FetchedDocumentTest() {
    ::unsetenv("https_proxy");
    http::Router router;
    router.add(http::Method::get, "/document", [this](const http::Request&, const http::Responder& answer) {
      answer({200, "application/p2p-overlay+xml", body_, {}});
    });
    http_ = http::Server::start(http::local_settings(own_), router).value();
    server_.configuration_url = "https://localhost:" + std::to_string(http_->address().port) + "/document";
    server_.ca_file = folder_.file("ca.pem", own_.certificate_pem);
    folder_.file("overlay.xml", "the expired one");
  }
  ~FetchedDocumentTest() override { http_.reset(); }

  std::string document(std::uint16_t sequence, WallMs end_ms) const {
    config::Configuration values;
    values.instance_name = authority_.overlay_name();
    values.sequence = sequence;
    values.no_ice = true;
    values.expiration_ms = end_ms;
    values.root_certificates_der = {authority_.root_der()};
    values.configuration_signers = {signer_->node_id()};
    values.kind_signers = {signer_->node_id()};
    const auto written = config::write_document(values, *signer_, *signer_);
    EXPECT_TRUE(written.ok()) << written.error().reason;
    return written ? std::string(text_of(*written)) : "";
  }
  Result<FetchedDocument> fetch() const {
    const std::string old = document(7, test::k_now_ms - k_hour_ms);
    const auto expired = config::parse_configuration(SharedBytes(copy_of(view_of(old))), "");
    return fetch_newer_document(server_, **expired, folder_.file("overlay.xml"), test::k_now_ms);
  }
  std::string kept() const { return enrolld::read_file(folder_.file("overlay.xml")).value(); }

  const test::TestAuthority authority_;
  const test::SignerPtr signer_ = authority_.issue("signer@example.org", test::node_id(0x11));
  const TemporaryFolder folder_;
  const http::Credentials own_ = http::self_signed("localhost");
  std::string body_;
  EnrollmentServer server_;
  std::unique_ptr<http::Server> http_;
};

TEST_F(FetchedDocumentTest, TakesThePlaceOfTheExpiredOne) {
  // Shows: CONFIG-06, CONFIG-34, ENROLL-03.
  body_ = document(8, test::k_now_ms + k_hour_ms);
  const auto fetched = fetch();
  ASSERT_TRUE(fetched.ok()) << fetched.error().reason;
  EXPECT_EQ(fetched->configuration->sequence, 8);
  EXPECT_EQ(fetched->not_kept, "");
  EXPECT_EQ(kept(), body_);
}

TEST_F(FetchedDocumentTest, IsRefusedWhenItIsExpiredOldOrWrong) {
  // Shows: CONFIG-06, CONFIG-21.
  body_ = document(8, test::k_now_ms - 1);
  EXPECT_THAT(fetch().error().reason, HasSubstr("expired"));
  body_ = document(7, test::k_now_ms + k_hour_ms);
  EXPECT_THAT(fetch().error().reason, HasSubstr("not newer"));
  body_ = document(8, test::k_now_ms + k_hour_ms);
  body_.replace(body_.find("sequence=\"8\""), 12, "sequence=\"9\"");
  EXPECT_THAT(fetch().error().reason, HasSubstr("signature"));
  EXPECT_EQ(kept(), "the expired one");
}

TEST_F(FetchedDocumentTest, AFileThatCannotBeWrittenIsNoReasonNotToStart) {
  body_ = document(8, test::k_now_ms + k_hour_ms);
  const std::string old = document(7, test::k_now_ms - k_hour_ms);
  const auto expired = config::parse_configuration(SharedBytes(copy_of(view_of(old))), "");
  const auto fetched =
      fetch_newer_document(server_, **expired, folder_.file("no/such/overlay.xml"), test::k_now_ms);
  ASSERT_TRUE(fetched.ok()) << fetched.error().reason;
  EXPECT_NE(fetched->not_kept, "");
}

}  // namespace
}  // namespace ringway::services
