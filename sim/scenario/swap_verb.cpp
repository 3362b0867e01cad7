// Two peers at once read a key's generation and write with it (compare-and-swap): the overlay must not
// acknowledge both.
#include <memory>
#include <string>

#include "sim/scenario/verbs.hpp"

namespace ringway::sim::verbs {

namespace {

constexpr std::size_t k_swaps_at_once = 32;
constexpr Duration k_swap_limit{10 * 60'000};

void write(Stage& stage, const std::string& key, PeerNumber writer, std::uint64_t generation) {
  const std::uint64_t attempt = stage.ledger().attempt(key, stage.simulation().peer(writer).node_id());
  data::PutCall call;
  call.key = key;
  call.value = Ledger::content(key, attempt);
  call.expected_generation = generation;
  const std::int64_t begun_ms = stage.now_ms();
  stage.errands().call(writer, std::move(call), [=, &stage](const data::CallResult* result) {
    const auto* put = result == nullptr ? nullptr : std::get_if<data::PutResult>(result);
    if (put == nullptr) return;  // the other one was first, or it may or may not be stored
    stage.acknowledged(key, writer, attempt);
    stage.swapped(key, writer, {begun_ms, generation, put->generation});
  });
}

void read_and_write(Stage& stage, const std::string& key, PeerNumber writer) {
  stage.errands().call(writer, data::GetCall{key, std::nullopt, stage.consistency()},
                       [=, &stage](const data::CallResult* result) {
                         const auto* got = result == nullptr ? nullptr : std::get_if<data::GetResult>(result);
                         if (got != nullptr && got->generation != 0)
                           write(stage, key, writer, got->generation);
                       });
}

}  // namespace

void swap(Stage& stage, const Statement& statement) {
  const auto keys = stage.ledger().acknowledged_keys();
  std::size_t left = keys.empty() ? 0 : statement.count();
  const bool ended = stage.pass(k_swap_limit, [&] {
    for (; left > 0 && stage.errands().under_way() < k_swaps_at_once; --left) {
      const std::string& key = keys[stage.random().below(keys.size())];
      for (const PeerNumber writer : stage.some(std::size_t{2})) read_and_write(stage, key, writer);
    }
    return left == 0 && stage.errands().under_way() == 0;
  });
  if (!ended) stage.violate(Law::calls_answered, "swaps are not answered");
}

}  // namespace ringway::sim::verbs
