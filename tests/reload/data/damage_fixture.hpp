// A ring in which something on a peer's disk is damaged, under a key that three peers hold.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "reload/data/damaged_kinds.hpp"
#include "reload/data/newly_held.hpp"
#include "tests/reload/data/replication_fixture.hpp"

namespace ringway::data::test {

inline constexpr std::array<std::uint8_t, 3> k_holders{0x10, 0x50, 0x90};
inline constexpr std::array<std::uint8_t, 3> k_others{0x50, 0x90, 0xD0};
inline constexpr Duration k_until_compared = Duration{300'000} * 3 / 2;

class Damaged : public Replication {
 protected:
  void SetUp() override {
    make({0x10, 0x50, 0x90, 0xD0});
    for (int i = 0; i < 20; ++i) {
      keys.push_back(key_of(at(0x10)));
      put(at(0xD0), keys.back(), "value of " + keys.back());
    }
    overlay.advance(k_hold_down + k_copying_takes);  // nobody says for that reason that it may lack something
    key = keys[7];
    place = {resource_id_of(std::string_view(key)), config::k_shared_value};
  }
  // The disk gives other bytes; what memory had of it is forgotten (others were read since) or not.
  void damage(std::uint8_t point, bool generation = false) {
    Peer& peer = at(point);
    const auto items = stored(peer, key).records;
    ASSERT_EQ(items.size(), 1U);
    ASSERT_TRUE(generation ? peer.store->damage_generation(place)
                           : peer.store->damage_record(place, item_key_of(items[0]->stored.value)));
    ASSERT_NE(stored(peer, key).damage, nullptr);
  }
  void forget_what_memory_has(std::uint8_t point) {
    overlay.to_storage(at(point), SeenDamaged{{place}});
    overlay.run();
  }
  // As it was before.
  bool is_whole(std::uint8_t point) {
    const KindState state = stored(at(point), key);
    return state.damage == nullptr && state.generation_counter == 1 && state.records.size() == 1 &&
           text_of(state.records[0]->stored.value.data.value) == "value of " + key;
  }
  Answered fetch(std::uint8_t point, const std::string& of, bool by_node = false) {
    return *overlay.fetch(at(0xD0).signer, at(point),
                          fetch_of(resource_id_of(std::string_view(of)), config::k_shared_value), by_node);
  }
  std::string read(std::uint8_t by, Consistency consistency = Consistency::one) {
    const auto result = overlay.call(at(by), GetCall{key, {}, consistency});
    if (const auto* failure = std::get_if<CallFailure>(&result)) return failure->message;
    return std::string(text_of(std::get<GetResult>(result).entries.at(0).value));
  }
  // With an empty memory.
  void start_again(std::uint8_t point) {
    overlay.kill(at(point));
    overlay.restart(at(point));
    at(point).joined = true;
    overlay.update_views();
    overlay.advance(2 * k_hold_down + k_copying_takes);
  }
  // Nobody's copies come any more.
  void cut_off_copies() {
    overlay.without_channels = {node_at(0x10), node_at(0x50), node_at(0x90), node_at(0xD0)};
    for (const std::uint8_t other : k_others) overlay.break_channel(at(0x10), at(other));
    overlay.run();
  }

  std::vector<std::string> keys;
  std::string key;
  KindAt place;
};

}  // namespace ringway::data::test
