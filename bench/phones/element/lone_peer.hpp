// The overlay of a benchmark: a storage component alone in its ring, on a store in memory. It keeps SIP
// registrations, signs each for real, and says how long it has worked.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "reload/data/storage_component.hpp"
#include "storage/memory_store.hpp"
#include "tests/support/test_authority.hpp"

namespace ringway::bench {

class LonePeer {
 public:
  LonePeer(const std::string& user, const NodeId& node);

  data::CallResult call(Now now, data::Call call);

  struct Work {
    std::int64_t all_ns = 0;
    std::int64_t signing_ns = 0;  // of these
    std::uint64_t signatures = 0;
  };
  const Work& work() const { return work_; }
  const test::SignerPtr& signer() const { return signer_; }
  security::TrustPtr trust() const { return authority_.trust(); }
  const config::ConfigurationPtr& configuration() const { return configuration_; }

 private:
  class TimedSigner;
  void handle(Now now, data::StorageInput input);

  test::TestAuthority authority_;
  test::SignerPtr signer_;
  config::ConfigurationPtr configuration_;
  std::shared_ptr<storage::MemoryStore> store_ = std::make_shared<storage::MemoryStore>();
  std::unique_ptr<data::StorageComponent> storage_;
  std::optional<data::CallResult> result_;
  Work work_;
};

}  // namespace ringway::bench
