// A store that counts how often it is read, and does not give some Kinds.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "storage/memory_store.hpp"

namespace ringway::data::test {

class CountingStore final : public ValueStore {
 public:
  Result<KindState> load(const KindAt& at) const override {
    ++loads;
    if (refused.contains(at)) return Failure{"the disk does not give it now"};
    return memory.load(at);
  }
  Result<std::optional<SharedBytes>> certificate(BytesView sha256) const override {
    return memory.certificate(sha256);
  }
  Result<std::vector<KindAt>> list(const RingId& after, const RingId& up_to,
                                   std::size_t limit) const override {
    return memory.list(after, up_to, limit);
  }
  Result<std::optional<Bytes>> fact(const std::string& name) const override { return memory.fact(name); }
  Result<std::vector<PutFact>> list_facts(const std::string& prefix, std::size_t limit) const override {
    return memory.list_facts(prefix, limit);
  }
  Result<Totals> totals() const override { return memory.totals(); }
  Outcome<> commit(const std::vector<WriteBatch>& batches) override { return memory.commit(batches); }
  void reclaim(WallMs now_ms) override { memory.reclaim(now_ms); }

  void write(WriteBatch batch) { ASSERT_TRUE(commit({std::move(batch)}).ok()); }

  ringway::storage::MemoryStore memory;
  std::set<KindAt> refused;
  mutable std::size_t loads = 0;
};

}  // namespace ringway::data::test
