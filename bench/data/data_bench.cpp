// One peer alone in its ring, its storage component only: what a put and a get cost before disk, actors and
// gRPC.
#include <benchmark/benchmark.h>

#include "reload/data/storage_component.hpp"
#include "storage/memory_store.hpp"
#include "tests/support/test_authority.hpp"

namespace {

using namespace ringway;
using namespace ringway::data;

constexpr std::size_t k_value_bytes = 256;
constexpr int k_keys = 10'000;

class AlonePeer {
 public:
  AlonePeer() {
    auto configuration = std::make_shared<config::Configuration>();
    config::KindDefinition kind;
    kind.kind = config::k_owner_value;
    kind.model = wire::DataModel::dictionary;
    kind.access = config::AccessPolicy::owner_path_match;
    kind.max_count = 100;
    kind.max_size_bytes = 4096;
    configuration->kinds.add(kind);
    const auto node = test::node_id(0x11);
    storage_ = std::make_unique<StorageComponent>(StorageSettings{}, configuration,
                                                  authority_.issue("alice@example.org", node), store_);
    auto view = std::make_shared<topology::RingView>();
    view->self = node;
    view->joined = true;
    handle(routing::RingChanged{view});
  }

  void put(int key) {
    PutCall call;
    call.key = name_of(key);
    call.value.assign(k_value_bytes, 'x');
    handle(Calls{1, {std::move(call)}});
  }
  void get(int key, int count) {
    Calls calls{1, {}};
    for (int i = 0; i < count; ++i) calls.calls.emplace_back(GetCall{name_of((key + i) % k_keys), ""});
    handle(std::move(calls));
  }
  std::size_t done() const { return done_; }

 private:
  static std::string name_of(int key) { return "alice@example.org/key-" + std::to_string(key); }
  void handle(StorageInput input) {
    ++now_.wall_ms;
    StorageOutputs outputs;
    storage_->handle(now_, std::move(input), outputs);
    for (auto& output : outputs) {
      if (auto* commit = std::get_if<Commit>(&output)) {
        benchmark::DoNotOptimize(store_->commit({commit->batch}).ok());
        handle(Committed{commit->token, true, {}});
      } else if (auto* replicate = std::get_if<Replicate>(&output)) {
        handle(Replicated{replicate->token, {}, true});
      } else if (auto* done = std::get_if<CallsDone>(&output)) {
        for (const auto& result : done->results) done_ += std::holds_alternative<CallFailure>(result) ? 0 : 1;
      }
    }
  }

  test::TestAuthority authority_;
  std::shared_ptr<storage::MemoryStore> store_ = std::make_shared<storage::MemoryStore>();
  std::unique_ptr<StorageComponent> storage_;
  Now now_{{0}, test::k_now_ms};
  std::size_t done_ = 0;
};

void LocalPut(benchmark::State& state) {
  AlonePeer peer;
  int key = 0;
  for (auto _ : state) peer.put(key++ % k_keys);
  if (peer.done() != static_cast<std::size_t>(state.iterations())) state.SkipWithError("a put failed");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(LocalPut);

void LocalGet(benchmark::State& state) {
  AlonePeer peer;
  const int batch = static_cast<int>(state.range(0));
  for (int key = 0; key < k_keys; ++key) peer.put(key);
  const std::size_t before = peer.done();
  int key = 0;
  for (auto _ : state) {
    peer.get(key % k_keys, batch);
    key += batch;
  }
  if (peer.done() - before != static_cast<std::size_t>(state.iterations() * batch)) {
    state.SkipWithError("a get failed");
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(LocalGet)->Arg(1)->Arg(100);

}  // namespace
