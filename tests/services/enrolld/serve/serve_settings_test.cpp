#include "services/enrolld/serve/serve_settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/services/api/temporary_folder.hpp"

namespace ringway::enrolld {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

// A variable of the environment, for as long as this lives.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

class ServeSettingsTest : public testing::Test {
 protected:
  std::optional<ServeSettings> parse(std::vector<std::string> more) {
    std::vector<std::string> words{"ringway-enrolld serve", "--dir",  "authority", "--https-cert", "cert.pem",
                                   "--https-key",           "key.pem"};
    words.insert(words.end(), more.begin(), more.end());
    return parse_only(words);
  }
  std::optional<ServeSettings> parse_only(const std::vector<std::string>& words) {
    std::vector<const char*> arguments;
    for (const auto& word : words) arguments.push_back(word.c_str());
    out_.str("");
    err_.str("");
    exit_code_ = -1;
    return parse_serve_settings(static_cast<int>(arguments.size()), arguments.data(), out_, err_, exit_code_);
  }
  void expect_refused(std::vector<std::string> more, const std::string& word) {
    EXPECT_FALSE(parse(std::move(more)));
    EXPECT_EQ(exit_code_, k_serve_usage);
    EXPECT_THAT(err_.str(), HasSubstr(word));
  }

  const services::TemporaryFolder folder_;
  std::ostringstream out_, err_;
  int exit_code_ = -1;
};

TEST_F(ServeSettingsTest, SaysWhereEverythingIsWhenNothingElseIsSaid) {
  const auto settings = parse({});
  ASSERT_TRUE(settings) << err_.str();
  EXPECT_EQ(settings->database_or_file(), "/var/lib/ringway-enrolld/records.sqlite");
  EXPECT_EQ(settings->operator_socket(), "/var/lib/ringway-enrolld/operator.sock");
  EXPECT_THAT(settings->methods, ElementsAre(Method::invitation));
  EXPECT_EQ(settings->https_address.port, 443);
  EXPECT_FALSE(settings->grpc_address);
  EXPECT_TRUE(settings->operator_names.empty());
  EXPECT_TRUE(settings->operator_fingerprints.empty());
}

TEST_F(ServeSettingsTest, AFlagBeatsTheEnvironmentWhichBeatsTheFile) {
  const auto file = folder_.file("settings.toml");
  std::ofstream(file) << "certificate-days = 1\nproof-minutes = 1\nnodes-per-name = 1\n"
                         "replacements-per-name = 2\nreplacements-per-source = "
                         "4\nreplacements-per-name-a-year = 9\ngather-seconds = 5\n"
                         "proof = [\"invitation\", \"password\"]\n";
  const Variable days("RINGWAY_ENROLLD_CERTIFICATE_DAYS", "2");
  const Variable minutes("RINGWAY_ENROLLD_PROOF_MINUTES", "2");
  const auto settings = parse({"--config", file, "--proof-minutes", "3"});
  ASSERT_TRUE(settings) << err_.str();
  EXPECT_EQ(settings->limits.nodes_of_name, 1U);
  EXPECT_EQ(settings->limits.replacements_of_name.most, 2U);
  EXPECT_EQ(settings->limits.replacements_of_source.most, 4U);
  EXPECT_EQ(settings->limits.replacements_of_name_a_year.most, 9U);
  EXPECT_EQ(settings->gather_seconds, 5);
  EXPECT_EQ(settings->certificate_days, 2);
  EXPECT_EQ(settings->proof_minutes, 3);
  EXPECT_THAT(settings->methods, UnorderedElementsAre(Method::invitation, Method::password));
}

TEST_F(ServeSettingsTest, AWordInTheFileThatIsNoSettingIsRefused) {
  const auto file = folder_.file("settings.toml");
  std::ofstream(file) << "certificate-day = 1\n";
  expect_refused({"--config", file}, "certificate-day");
}

TEST_F(ServeSettingsTest, ProofsNeedWhatTheyWorkWith) {
  expect_refused({"--proof", "mail"}, "--smtp");
  expect_refused({"--proof", "mail", "--smtp", "http://mail.example.org", "--mail-from", "a@b.example"},
                 "smtps://");
  expect_refused({"--proof", "mail", "--smtp", "smtp://mail.example.org", "--mail-from", "a@b.example",
                  "--smtp-user", "enrol"},
                 "--smtp-password-file");
  expect_refused({"--proof", "telephone", "--webhook", "https://v.example.org"}, "--webhook-secret-file");
  expect_refused({"--proof", "certificate"}, "--foreign-root");
  expect_refused({"--smtp", "smtp://mail.example.org"}, "--proof mail");
  expect_refused({"--proof", "charm"}, "charm");
  const auto all =
      parse({"--proof", "mail,telephone,certificate,password,invitation", "--smtp",
             "smtps://mail.example.org", "--mail-from", "a@b.example", "--webhook", "https://v.example.org",
             "--webhook-secret-file", "secret", "--foreign-root", "a.pem,b.pem"});
  ASSERT_TRUE(all) << err_.str();
  EXPECT_EQ(all->methods.size(), 5U);
  EXPECT_THAT(all->foreign_roots, ElementsAre("a.pem", "b.pem"));
}

TEST_F(ServeSettingsTest, SecretsAreNoFlags) {
  expect_refused({"--smtp-password", "word"}, "--smtp-password");
  expect_refused({"--webhook-secret", "word"}, "--webhook-secret");
  expect_refused({"--key-passphrase", "word"}, "--key-passphrase");
}

TEST_F(ServeSettingsTest, ASecretMayComeFromTheEnvironment) {
  const Variable secret("RINGWAY_ENROLLD_WEBHOOK_SECRET", std::string(32, 's'));
  const auto settings = parse({"--proof", "telephone", "--webhook", "https://v.example.org"});
  ASSERT_TRUE(settings) << err_.str();
  EXPECT_EQ(find_secret(settings->webhook_secret)->reveal(), std::string(32, 's'));
}

TEST_F(ServeSettingsTest, OperatorsAreNamesOrFingerprints) {
  const std::string hex(64, 'a');
  std::string colons;
  for (int i = 0; i < 32; ++i) colons += i == 0 ? "BB" : ":BB";
  const auto settings = parse({"--grpc", "127.0.0.1:0", "--operator", "Root@Example.ORG,sha256:" + hex,
                               "--operator", "sha256:" + colons});
  ASSERT_TRUE(settings) << err_.str();
  EXPECT_THAT(settings->operator_names, ElementsAre("Root@example.org"));
  Digest first{}, second{};
  first.fill(0xaa);
  second.fill(0xbb);
  EXPECT_THAT(settings->operator_fingerprints, UnorderedElementsAre(first, second));
  expect_refused({"--grpc", "127.0.0.1:0", "--operator", "sha256:ab"}, "64 hexadecimal digits");
  expect_refused({"--grpc", "127.0.0.1:0", "--operator", "root"}, "--operator");
  expect_refused({"--operator", "root@example.org"}, "--grpc");
}

TEST_F(ServeSettingsTest, AddressesAreChecked) {
  expect_refused({"--https", "example.org"}, "--https");
  expect_refused({"--grpc", "example.org"}, "--grpc");
  expect_refused({"--grpc", "127.0.0.1:0", "--grpc-cert", "a.pem"}, "--grpc-key");
  expect_refused({"--public-url", "http://example.org"}, "--public-url");
  expect_refused({"--public-url", "https://example.org/"}, "--public-url");
  EXPECT_FALSE(parse_only({"ringway-enrolld serve", "--dir", "authority"}));
  EXPECT_EQ(exit_code_, k_serve_usage);
}

TEST_F(ServeSettingsTest, HelpIsNoError) {
  EXPECT_FALSE(parse({"--help"}));
  EXPECT_EQ(exit_code_, k_serve_stopped);
  EXPECT_THAT(out_.str(), HasSubstr("--proof"));
}

TEST(SmtpUrlTest, SaysHostPortAndTls) {
  const auto submission = read_smtp_url("smtp://mail.example.org");
  ASSERT_TRUE(submission);
  EXPECT_EQ(submission->host, "mail.example.org");
  EXPECT_EQ(submission->port, 587);
  EXPECT_EQ(submission->tls, SmtpServer::Tls::starttls);
  const auto implicit = read_smtp_url("smtps://mail.example.org:2465");
  ASSERT_TRUE(implicit);
  EXPECT_EQ(implicit->port, 2465);
  EXPECT_EQ(implicit->tls, SmtpServer::Tls::implicit);
  EXPECT_EQ(read_smtp_url("smtps://mail.example.org")->port, 465);
  for (const char* wrong : {"mail.example.org", "smtp://", "smtp://user:word@mail.example.org",
                            "smtp://mail.example.org/path", "smtp://mail.example.org:99999", "http://a"})
    EXPECT_FALSE(read_smtp_url(wrong)) << wrong;
}

}  // namespace
}  // namespace ringway::enrolld
