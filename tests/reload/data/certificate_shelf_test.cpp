#include "reload/data/certificate_shelf.hpp"

#include <gtest/gtest.h>

#include "reload/security/trust.hpp"
#include "storage/memory_store.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::data {
namespace {

using ringway::test::k_now_ms;
using ringway::test::node_id;

constexpr WallMs k_hour_ms = 3'600'000;

security::ChainPtr chain_of(std::vector<SharedBytes> ders) {
  return std::make_shared<const std::vector<SharedBytes>>(std::move(ders));
}

class CertificateShelfTest : public testing::Test {
 protected:
  void keep(const security::ChainPtr& chain, WallMs until_ms = k_now_ms + k_hour_ms) {
    const auto write = shelf_.keep(writer_->certificate(), chain, until_ms);
    ASSERT_TRUE(write);
    ASSERT_TRUE(store_->commit({{*write}}).ok());
  }
  std::vector<SharedBytes> held_by_another() const {  // that knows only what is in the store
    return CertificateShelf(store_, nullptr).with_chain(writer_->certificate()->sha256());
  }

  std::shared_ptr<ringway::storage::MemoryStore> store_ = std::make_shared<ringway::storage::MemoryStore>();
  CertificateShelf shelf_{store_, nullptr};
  ringway::test::TestAuthority authority_;
  ringway::test::SignerPtr writer_ = authority_.issue_through(2, "alice@example.org", node_id(7));
  security::ChainPtr chain_ = chain_of(writer_->chain_der());
};

TEST_F(CertificateShelfTest, KeepsTheChainWithTheCertificate) {
  // Shows: SEC-11.
  keep(chain_);
  for (const auto& held : {shelf_.with_chain(writer_->certificate()->sha256()), held_by_another()}) {
    ASSERT_EQ(held.size(), 3U);
    EXPECT_TRUE(equal(held[0], writer_->certificate()->der()));
    EXPECT_TRUE(equal(held[1], writer_->chain_der()[0]));
    EXPECT_TRUE(equal(held[2], writer_->chain_der()[1]));
  }
  CertificateShelf other(store_, nullptr);
  EXPECT_NE(other.find(writer_->certificate()->sha256()), nullptr);
  EXPECT_TRUE(shelf_.with_chain(Bytes(32, 1)).empty());
}

TEST_F(CertificateShelfTest, WritesAgainOnlyForALongerTimeOrAnotherChain) {
  keep(nullptr);
  EXPECT_FALSE(shelf_.keep(writer_->certificate(), nullptr, k_now_ms + k_hour_ms));
  keep(chain_, k_now_ms + 1);
  EXPECT_EQ(held_by_another().size(), 3U);
  EXPECT_FALSE(shelf_.keep(writer_->certificate(), chain_of(*chain_), k_now_ms + k_hour_ms));
}

TEST_F(CertificateShelfTest, AChainOutOfBoundsIsLeftOut) {
  keep(chain_of(std::vector<SharedBytes>(security::k_max_chain_depth + 1, authority_.root_der())));
  EXPECT_EQ(held_by_another().size(), 1U);
  keep(chain_of(std::vector<SharedBytes>(security::k_max_chain_depth, authority_.root_der())));
  EXPECT_EQ(held_by_another().size(), 1U + security::k_max_chain_depth);
}

TEST_F(CertificateShelfTest, ASetHasEachCertificateOnce) {
  // Shows: SEC-10.
  keep(chain_);
  const auto second = authority_.issue("bob@example.org", node_id(8));
  const auto write = shelf_.keep(second->certificate(), chain_, k_now_ms + k_hour_ms);
  ASSERT_TRUE(write);
  CertificateSet set(shelf_);
  Record record;
  std::size_t size_bytes = 0;
  for (const auto& signer : {writer_, second, writer_}) {
    record.signer_certificate_sha256 = copy_of(signer->certificate()->sha256());
    set.add(record);
  }
  const std::size_t told = set.size_bytes();
  const auto ders = set.take();
  ASSERT_EQ(ders.size(), 4U);
  for (const auto& der : ders) size_bytes += 3 + der.size();  // with type and length
  EXPECT_EQ(told, size_bytes);
}

}  // namespace
}  // namespace ringway::data
