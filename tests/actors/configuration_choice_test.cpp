#include "actors/configuration_choice.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "actors/bootstrap_cache.hpp"
#include "actors/peer.hpp"
#include "storage/rocks_store.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::actors {
namespace {

using test::node_id;

constexpr WallMs k_now_ms = test::k_now_ms;

config::ConfigurationPtr document(std::uint16_t sequence, std::optional<WallMs> expiration_ms) {
  auto made = std::make_shared<config::Configuration>();
  made->sequence = sequence;
  made->expiration_ms = expiration_ms;
  return made;
}

TEST(ConfigurationChoice, TheNewerOfTwoValidOnes) {
  const auto older = document(3, std::nullopt);
  const auto newer = document(4, k_now_ms + 1);
  EXPECT_EQ(*choose_configuration(older, newer, k_now_ms), newer);
  EXPECT_EQ(*choose_configuration(newer, older, k_now_ms), newer);
  EXPECT_EQ(*choose_configuration(older, nullptr, k_now_ms), older);
}

TEST(ConfigurationChoice, TheValidOneEvenIfItIsOlder) {
  // Shows: CONFIG-06.
  const auto valid = document(3, k_now_ms + 1);
  const auto expired = document(4, k_now_ms);
  EXPECT_EQ(*choose_configuration(valid, expired, k_now_ms), valid);
  EXPECT_EQ(*choose_configuration(expired, valid, k_now_ms), valid);
}

TEST(ConfigurationChoice, NoneWhenBothHaveExpired) {
  // Shows: CONFIG-06.
  const auto expired = document(3, k_now_ms - 1);
  for (const auto& kept : {config::ConfigurationPtr{}, document(4, k_now_ms)}) {
    const auto chosen = choose_configuration(expired, kept, k_now_ms);
    ASSERT_FALSE(chosen.ok());
    EXPECT_NE(chosen.error().reason.find("overlay.xml"), std::string::npos);
    EXPECT_EQ(chosen.error().reason.find('\n'), std::string::npos);
  }
}

// A real peer of one: its store holds what an earlier life has accepted.
class ConfigurationAtStart : public testing::Test {
 protected:
  ~ConfigurationAtStart() override { std::filesystem::remove_all(folder_); }

  Bytes written(std::uint16_t sequence, std::optional<WallMs> expiration_ms, const test::TestAuthority& root,
                std::set<NodeId> bad_nodes = {}) const {
    const auto signer = authority_.issue("signer@example.org", node_id(0x11));
    config::Configuration values;
    values.instance_name = authority_.overlay_name();
    values.sequence = sequence;
    values.no_ice = true;
    values.expiration_ms = expiration_ms;
    values.root_certificates_der = {root.root_der()};
    values.bad_nodes = std::move(bad_nodes);
    auto document = config::write_document(values, *signer, *signer);
    EXPECT_TRUE(document.ok()) << document.error().reason;
    return document ? std::move(*document) : Bytes{};
  }
  void keep(const Bytes& document) const {
    auto store = storage::RocksStore::open(folder_.string());
    ASSERT_TRUE(store.ok()) << store.error().reason;
    ASSERT_TRUE((*store)->commit({{data::PutFact{k_configuration_fact, document}}}).ok());
  }
  // The sequence that the peer works with.
  Result<std::uint16_t, StartFailure> start(const Bytes& given) const {
    const auto host = PeerHost::make({});
    const auto node = authority_.credentials("alice@example.org", node_id(0x40));
    PeerSettings settings;
    settings.name = "peer";
    settings.configuration = *config::parse_configuration(SharedBytes(given), "");
    settings.private_key_pem = node.private_key_pem;
    settings.certificates_pem = node.certificate_pem;
    settings.data_directory = folder_.string();
    settings.listen = {wire::AddressType::ipv4, {127, 0, 0, 1}, 0};
    settings.routing.first_peer = true;
    auto peer = host->start_peer(settings, [](const PeerFailure&) {});
    if (!peer) return peer.error();
    std::promise<PeerStatus> status;
    (*peer)->status([&](PeerStatus now) { status.set_value(std::move(now)); });
    return status.get_future().get().configuration_sequence;
  }

  test::TestAuthority authority_;
  std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("configuration-at-start-" + std::to_string(::getpid()));
};

TEST_F(ConfigurationAtStart, AnExpiredDocumentGivesWayToTheOneInTheStore) {
  keep(written(8, std::nullopt, authority_));
  const auto sequence = start(written(7, 1'600'000'000'000, authority_));
  ASSERT_TRUE(sequence.ok()) << sequence.error().reason;
  EXPECT_EQ(*sequence, 8);
}

TEST_F(ConfigurationAtStart, WithoutOneThePeerDoesNotStart) {
  const auto sequence = start(written(7, 1'600'000'000'000, authority_));
  ASSERT_FALSE(sequence.ok());
  EXPECT_NE(sequence.error().reason.find("has expired"), std::string::npos) << sequence.error().reason;
}

TEST_F(ConfigurationAtStart, NorWithOneThatDoesNotTrustItsCertificate) {
  keep(written(8, std::nullopt, test::TestAuthority{}));
  const auto sequence = start(written(7, std::nullopt, authority_));
  ASSERT_FALSE(sequence.ok());
  EXPECT_NE(sequence.error().reason.find("certificate"), std::string::npos) << sequence.error().reason;
}

TEST_F(ConfigurationAtStart, NorWithOneThatShutsItOutUntilThereIsANewer) {
  // Shows: CONFIG-31.
  keep(written(8, std::nullopt, authority_, {node_id(0x40)}));
  const auto refused = start(written(7, std::nullopt, authority_));
  ASSERT_FALSE(refused.ok());
  ASSERT_NE(refused.error().shut_out_by, nullptr) << refused.error().reason;
  EXPECT_EQ(refused.error().shut_out_by->sequence, 8);
  const auto sequence = start(written(9, std::nullopt, authority_));
  ASSERT_TRUE(sequence.ok()) << sequence.error().reason;
  EXPECT_EQ(*sequence, 9);
}

}  // namespace
}  // namespace ringway::actors
