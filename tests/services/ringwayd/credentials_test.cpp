#include "services/ringwayd/credentials.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/test_authority.hpp"

namespace ringway::services {
namespace {

using test::node_id;

constexpr WallMs k_hour_ms = 3'600'000;

class CredentialsTest : public testing::Test {
 protected:
  CredentialsTest() {
    std::filesystem::create_directories(folder_);
    const auto node = authority_.credentials("alice@example.org", node_id(0x40));
    write("node.key", node.private_key_pem);
    write("node.crt", node.certificate_pem);
  }
  ~CredentialsTest() override { std::filesystem::remove_all(folder_); }

  void write(const std::string& name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  // A document that expires, with its signer's certificate, at `end_ms`.
  std::string document(WallMs end_ms, std::set<NodeId> bad_nodes = {}) const {
    test::IssueOptions until_then;
    until_then.validity.not_after_ms = end_ms;
    const auto signer = authority_.issue("signer@example.org", node_id(0x11), until_then);
    config::Configuration values;
    values.instance_name = authority_.overlay_name();
    values.sequence = 7;
    values.no_ice = true;
    values.expiration_ms = end_ms;
    values.root_certificates_der = {authority_.root_der()};
    values.configuration_signers = {signer->node_id()};
    values.kind_signers = {signer->node_id()};
    values.bad_nodes = std::move(bad_nodes);
    const auto written = config::write_document(values, *signer, *signer);
    EXPECT_TRUE(written.ok()) << written.error().reason;
    return written ? std::string(text_of(*written)) : "";
  }
  Result<Credentials> load(const std::string& document) const {
    write("overlay.xml", document);
    return load_credentials(folder_.string(), (folder_ / "overlay.xml").string(), test::k_now_ms);
  }

  test::TestAuthority authority_;
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("ringwayd-credentials-" + std::to_string(::getpid()));
};

TEST_F(CredentialsTest, AnExpiredDocumentIsLoadedForThePeerToFindANewerOne) {
  const auto loaded = load(document(test::k_now_ms - k_hour_ms));
  ASSERT_TRUE(loaded.ok()) << loaded.error().reason;
  EXPECT_TRUE(loaded->configuration->expired_at(test::k_now_ms));
  EXPECT_EQ(loaded->user, "alice@example.org");
}

TEST_F(CredentialsTest, ButItsSignatureMustHaveBeenRight) {
  std::string changed = document(test::k_now_ms - k_hour_ms);
  const auto at = changed.find("sequence=\"7\"");
  ASSERT_NE(at, std::string::npos);
  changed.replace(at, 12, "sequence=\"8\"");
  const auto loaded = load(changed);
  ASSERT_FALSE(loaded.ok());
  EXPECT_NE(loaded.error().reason.find("signature"), std::string::npos) << loaded.error().reason;
}

TEST_F(CredentialsTest, ADocumentThatWasHandedOverNeedsNoServerAndNoSignature) {
  // Shows: ENROLL-04.
  std::string unsigned_one = document(test::k_now_ms + k_hour_ms);
  const std::string end = "</signature>";
  const auto from = unsigned_one.find("<signature>");
  const auto to = unsigned_one.find(end);
  ASSERT_NE(from, std::string::npos);
  ASSERT_NE(to, std::string::npos);
  unsigned_one.erase(from, to + end.size() - from);
  const auto loaded = load(unsigned_one);
  ASSERT_TRUE(loaded.ok()) << loaded.error().reason;
  EXPECT_EQ(loaded->configuration->sequence, 7);
  EXPECT_TRUE(loaded->configuration->signatures.empty());
}

TEST_F(CredentialsTest, AnEndedCertificateIsRefusedWithWhatToDo) {
  test::IssueOptions ended;
  ended.validity.not_after_ms = test::k_now_ms - k_hour_ms;
  const auto node = authority_.credentials("alice@example.org", node_id(0x40), ended);
  write("node.key", node.private_key_pem);
  write("node.crt", node.certificate_pem);
  const auto why = [&] {
    const auto loaded = load(document(test::k_now_ms + k_hour_ms));
    return loaded ? "" : loaded.error().reason;
  };
  EXPECT_NE(why().find("2027-01-15T07:00:00Z"), std::string::npos) << why();
  EXPECT_NE(why().find("issue --renew"), std::string::npos) << why();
  write("enrollment.json", "{}");
  EXPECT_NE(why().find("ringway enroll"), std::string::npos) << why();
}

TEST_F(CredentialsTest, ARenewalThatWasCutShortIsEnded) {
  // Shows: SEC-38.
  const auto renewed = authority_.credentials("alice@example.org", node_id(0x40));
  write("node.key", renewed.private_key_pem);
  write("node.crt.next", renewed.certificate_pem);
  const auto loaded = load(document(test::k_now_ms + k_hour_ms));
  ASSERT_TRUE(loaded.ok()) << loaded.error().reason;
  EXPECT_EQ(loaded->certificates_pem, renewed.certificate_pem);
}

TEST_F(CredentialsTest, OfABadNodeTheyAreLoadedForANewerDocumentMayHaveTakenItBack) {
  const auto loaded = load(document(test::k_now_ms + k_hour_ms, {node_id(0x40)}));
  ASSERT_TRUE(loaded.ok()) << loaded.error().reason;
  EXPECT_EQ(loaded->node, node_id(0x40));
}

TEST_F(CredentialsTest, ACertificateOfAnotherOverlayIsRefused) {
  const test::TestAuthority other;
  const auto node = other.credentials("alice@example.org", node_id(0x40));
  write("node.key", node.private_key_pem);
  write("node.crt", node.certificate_pem);
  EXPECT_FALSE(load(document(test::k_now_ms + k_hour_ms)).ok());
}

}  // namespace
}  // namespace ringway::services
