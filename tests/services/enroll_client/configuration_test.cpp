#include "services/enroll_client/configuration.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/enrolld/http/router.hpp"
#include "tests/services/api/temporary_folder.hpp"
#include "tests/services/enroll_client/name_server.hpp"
#include "tests/services/enrolld/http/support/server_under_test.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

namespace http = ringway::enrolld_http;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr WallMs k_expiration_ms = test::k_now_ms + 1000;

class ConfigurationTest : public testing::Test {
 protected:
  ConfigurationTest() {
    https_.ca_file = folder_.file("ca.pem", own_.certificate_pem);
    https_.use_environment_proxy = false;
    const auto signer = authority_.issue("operator@example.org", test::node_id(9));
    config::Configuration configuration;
    configuration.instance_name = authority_.overlay_name();
    configuration.expiration_ms = k_expiration_ms;
    configuration.root_certificates_der = {authority_.root_der()};
    configuration.no_ice = true;
    configuration.configuration_signers = {test::node_id(9)};
    configuration.kind_signers = {test::node_id(9)};
    const auto written = config::write_document(configuration, *signer, *signer);
    if (!written) ADD_FAILURE() << written.error().reason;
    body_ = std::string(text_of(*written));
    http::Router router;
    router.add(http::Method::get, "/.well-known/reload-config",
               [this](const http::Request& request, const http::Responder& responder) {
                 host_ = request.header("Host");
                 responder({200, "application/p2p-overlay+xml", body_, {}});
               });
    router.add(http::Method::get, "/moved", [](const http::Request&, const http::Responder& responder) {
      responder({302, "", "", {{"Location", "/.well-known/reload-config"}}});
    });
    router.add(http::Method::get, "/page", [](const http::Request&, const http::Responder& responder) {
      responder({200, "text/html", "<p>Hi", {}});
    });
    router.add(http::Method::get, "/silent", [this](const http::Request&, http::Responder responder) {
      kept_.push_back(std::move(responder));
    });
    server_ = http::Server::start(http::local_settings(own_), router).value();
  }
  ~ConfigurationTest() override { server_.reset(); }

  std::uint16_t port() const { return server_->address().port; }
  std::string url(const std::string& host, const std::string& path = "/.well-known/reload-config") const {
    return "https://" + host + ":" + std::to_string(port()) + path;
  }
  Result<config::ConfigurationPtr> by_url(const std::string& url, const std::string& overlay_name = {}) {
    return fetch_configuration(https_, {}, {overlay_name, url}, test::k_now_ms);
  }
  Result<config::ConfigurationPtr> by_name(std::vector<NameServer::Record> records) {
    const NameServer names(std::move(records));
    return fetch_configuration(https_, {names.address(), milliseconds(3000)}, {authority_.overlay_name(), ""},
                               test::k_now_ms);
  }
  // The server's certificate from now on.
  void serve_as(const std::string& name) {
    own_ = http::self_signed(name);
    ASSERT_TRUE(server_->use_credentials({own_.key_pem, own_.certificate_pem}).ok());
    https_.ca_file = folder_.file("ca.pem", own_.certificate_pem);
  }

  test::TestAuthority authority_;
  TemporaryFolder folder_;
  http::Credentials own_ = http::self_signed("localhost");
  HttpsSettings https_;
  std::string body_;
  std::string host_;
  std::vector<http::Responder> kept_;
  std::unique_ptr<http::Server> server_;
};

TEST_F(ConfigurationTest, ComesByUrl) {
  // Shows: ENROLL-02, ENROLL-03.
  for (const std::string& name : {std::string(), authority_.overlay_name()}) {
    const auto fetched = by_url(url("localhost"), name);
    ASSERT_TRUE(fetched.ok()) << fetched.error().reason;
    EXPECT_EQ((*fetched)->instance_name, authority_.overlay_name());
    EXPECT_EQ(text_of((*fetched)->document), body_);
  }
}

TEST_F(ConfigurationTest, TheCertificateMustBeForTheUrlsHost) {
  // Shows: ENROLL-02.
  EXPECT_FALSE(by_url(url("127.0.0.1")).ok());
  serve_as(authority_.overlay_name());
  EXPECT_FALSE(by_url(url("localhost")).ok()) << "the overlay's name is not what the URL says";
}

TEST_F(ConfigurationTest, ComesByTheOverlaysName) {
  // Shows: ENROLL-01, ENROLL-02.
  serve_as(authority_.overlay_name());
  const auto fetched = by_name({{2, 0, port(), "localhost"}, {1, 0, 1, "localhost"}});
  ASSERT_TRUE(fetched.ok()) << fetched.error().reason;
  EXPECT_EQ(host_, authority_.overlay_name());
}

TEST_F(ConfigurationTest, TheCertificateMustBeForTheOverlaysName) {
  // Shows: ENROLL-02, FM-28.
  const auto fetched = by_name({{1, 0, port(), "localhost"}});
  ASSERT_FALSE(fetched.ok()) << "it is for the host that the record names";
  EXPECT_EQ(host_, "");
}

TEST_F(ConfigurationTest, DiscardsWhatIsNotThisOverlaysDocument) {
  // Shows: ENROLL-03.
  EXPECT_FALSE(by_url(url("localhost"), "other.example.org").ok());
  body_.resize(body_.size() / 2);
  EXPECT_FALSE(by_url(url("localhost")).ok());
  body_ = "";
  EXPECT_FALSE(by_url(url("localhost")).ok());
}

TEST_F(ConfigurationTest, SaysWhatCameInsteadOfADocument) {
  const auto page = by_url(url("localhost", "/page"));
  ASSERT_FALSE(page.ok());
  EXPECT_THAT(page.error().reason, HasSubstr("got status 200, text/html, 5 bytes"));
  EXPECT_THAT(page.error().reason, HasSubstr("serve --https"));
  EXPECT_THAT(by_url(url("localhost", "/nothing")).error().reason, HasSubstr("got status 404"));
}

TEST_F(ConfigurationTest, TellsWhoseCaIsNotKnown) {
  https_.ca_file.clear();
  https_.ca_hint = "name it";
  EXPECT_THAT(by_url(url("localhost")).error().reason, HasSubstr("name it"));
  https_.ca_file = folder_.file("other.pem", http::self_signed("localhost").certificate_pem);
  EXPECT_THAT(by_url(url("localhost")).error().reason, HasSubstr("name it"));
  https_.ca_file = folder_.file("ca.pem");
  EXPECT_THAT(by_url(url("127.0.0.1")).error().reason, Not(HasSubstr("name it"))) << "it is known";
}

TEST_F(ConfigurationTest, DiscardsAnExpiredDocument) {
  EXPECT_THAT(fetch_configuration(https_, {}, {"", url("localhost")}, k_expiration_ms).error().reason,
              HasSubstr("expired"));
}

TEST_F(ConfigurationTest, StaysOnHttpsAndOnOneServer) {
  // Shows: FM-28.
  EXPECT_FALSE(by_url("http://localhost:" + std::to_string(port()) + "/.well-known/reload-config").ok());
  EXPECT_FALSE(by_url("file:///etc/hostname").ok());
  EXPECT_FALSE(by_url("https://user:password@localhost:" + std::to_string(port()) + "/x").ok());
  EXPECT_THAT(by_url(url("localhost", "/moved")).error().reason, HasSubstr("302"));
  EXPECT_THAT(by_url(url("localhost", "/nothing")).error().reason, HasSubstr("404"));
  https_.ca_file.clear();  // the system's authorities do not know this server
  EXPECT_FALSE(by_url(url("localhost")).ok());
}

TEST_F(ConfigurationTest, IsBoundedInSizeAndTime) {
  body_ += std::string(config::k_max_document_size_bytes, ' ');
  EXPECT_THAT(by_url(url("localhost")).error().reason, HasSubstr("too large"));
  https_.timeout = milliseconds(300);
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(by_url(url("localhost", "/silent")).ok());
  EXPECT_LT(std::chrono::steady_clock::now() - begun, milliseconds(3000));
}

TEST_F(ConfigurationTest, NeedsOneOrTheOther) {
  EXPECT_FALSE(fetch_configuration(https_, {}, {}, test::k_now_ms).ok());
}

}  // namespace
}  // namespace ringway::services
