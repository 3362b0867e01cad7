// Both stores behind one face, for the tests that each must pass.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>

#include "storage/memory_store.hpp"
#include "storage/rocks_store.hpp"
#include "tests/storage/record_samples.hpp"
#include "tests/storage/temp_folder.hpp"

namespace ringway::storage {

class MemoryUnderTest {
 public:
  data::ValueStore& store() { return store_; }
  void set_clock(WallMs /*now_ms*/) {}
  void reclaim(WallMs now_ms) { store_.reclaim(now_ms); }
  void reopen() { store_.crash(); }  // the object is the disk

 private:
  MemoryStore store_;
};

class RocksUnderTest {
 public:
  RocksUnderTest() { reopen(); }
  data::ValueStore& store() { return *store_; }
  void set_clock(WallMs now_ms) { now_ms_ = now_ms; }
  void reclaim(WallMs now_ms) {
    now_ms_ = now_ms;
    const Outcome<> compacted = store_->compact();
    ASSERT_TRUE(compacted) << compacted.error().reason;
  }
  void reopen() {
    store_.reset();
    RocksSettings settings;
    settings.directory = folder_.path("store");
    settings.now = [this] { return now_ms_.load(); };
    auto opened = RocksStore::open(std::move(settings));
    ASSERT_TRUE(opened) << opened.error().reason;
    store_ = *std::move(opened);
  }

 private:
  TempFolder folder_;
  std::atomic<WallMs> now_ms_{k_start_ms};
  std::unique_ptr<RocksStore> store_;
};

}  // namespace ringway::storage
